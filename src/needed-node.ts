/**
 * What each entry imports, and nothing else: an older Node must be able to say what it lacks, and would fail at the files of the
 * gateway. An entry loads those when this has run.
 */
const NEEDED_NODE = 24;

if (Number(process.versions.node.split('.')[0]) < NEEDED_NODE) {
  process.stderr.write(
    `octane-bff needs Node ${NEEDED_NODE} or later; this is Node ${process.versions.node}\n`,
  );
  process.exit(1);
}
