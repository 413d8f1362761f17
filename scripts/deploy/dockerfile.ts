import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import dockerignore from '@balena/dockerignore';
import { Add, Copy, DockerfileParser } from 'dockerfile-ast';
import type { Complain } from './read-yaml.ts';

/** What a checkout does not have, though it may lie in the folder. */
const NOT_IN_CHECKOUT = ['.git/**', 'node_modules/**', 'dist/**'];

/**
 * Each COPY and ADD of a Dockerfile must find something in the folder that the builder gets to see, and with a TypeScript file
 * all that it imports must come along. What `.dockerignore` leaves out is not there for the builder.
 */
export function checkDockerfile(complain: Complain, folder = '.'): void {
  const ignoreFile = join(folder, '.dockerignore');
  const context = dockerignore.default().add(existsSync(ignoreFile) ? readFileSync(ignoreFile, 'utf8') : '');
  const dockerfile = DockerfileParser.parse(readFileSync(join(folder, 'Dockerfile'), 'utf8'));
  const fromContext = dockerfile
    .getInstructions()
    .filter((line) => line instanceof Add || line instanceof Copy)
    // Those take from another stage, or from the Dockerfile itself.
    .filter((line) => line instanceof Add || !(line.getFromFlag() || line.getHeredocs().length > 0));
  const copied = new Set<string>();
  for (const copy of fromContext) {
    for (const source of sourcesOf(copy)) {
      const found = filesAt(source, folder);
      const place = `Dockerfile: ${copy.getKeyword()} ${source}`;
      if (found.length === 0) complain(`${place} finds nothing in the tree`);
      else if (found.every((file) => context.ignores(file))) {
        complain(`${place} finds nothing, because .dockerignore leaves it out`);
      }
      for (const file of found) if (!context.ignores(file)) copied.add(file);
    }
  }
  for (const file of copied) {
    for (const imported of importsOf(file, folder)) {
      if (!copied.has(imported))
        complain(`Dockerfile: ${file} is copied, and ${imported}, which it imports, is not`);
    }
  }
}

/** The files of the tree that a TypeScript file loads; types are gone when it runs. */
function importsOf(file: string, folder: string): string[] {
  if (!file.endsWith('.ts')) return [];
  const text = readFileSync(join(folder, file), 'utf8');
  return [...text.matchAll(/^(?:import|export) (?!type\b)(?:[^;']* from )?'(\.{1,2}\/[^']+)'/gm)].map(
    ([, path]) => join(dirname(file), path!),
  );
}

/** All arguments but the last, which is where the files go, and but addresses, which are downloaded. */
function sourcesOf(copy: Add | Copy): string[] {
  const words = copy.getExpandedArguments().map((word) => word.getValue());
  const list = copy.getJSONStrings().length > 0 ? /\[.*\]$/s.exec(copy.getArgumentsContent() ?? '') : null;
  const paths = list ? (JSON.parse(list[0]) as string[]) : words;
  return paths.slice(0, -1).filter((source) => !/^(?:https?:|git@)/.test(source));
}

/** The files that a source names, those of a folder one by one, relative to the root of the context. */
function filesAt(source: string, folder: string): string[] {
  const inContext = join('.', source.replace(/^\/+/, '')).replace(/\/$/, '');
  return globSync([inContext, join(inContext, '**')], { cwd: folder, exclude: NOT_IN_CHECKOUT }).filter(
    (path) => statSync(join(folder, path)).isFile(),
  );
}
