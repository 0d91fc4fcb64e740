// One case, one process: closures shared between cases would distort them.
import { measure } from './measure.mjs';

const [group, name] = process.argv.slice(2);
const { cases } = await import(`../cases/${group}.mjs`);
const made = await cases[name].make();
const result = made.run === undefined ? measure(made) : await made.run();
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit();
