import '../needed-node.ts';

void import('./cli.start.ts');
