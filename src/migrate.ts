import './needed-node.ts';

void import('./migrate.start.ts');
