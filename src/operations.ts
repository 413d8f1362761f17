import './needed-node.ts';

void import('./operations.start.ts');
