import { terminal } from './io.ts';
import { main } from './main.ts';

void main(process.argv.slice(2), terminal()).then((code) => {
  process.exitCode = code;
});
