import { around } from './record/around.mjs';
import { exemplars } from './record/exemplars.mjs';
import { floors } from './record/floors.mjs';
import { held } from './record/held.mjs';
import { labels } from './record/labels.mjs';

export const title = 'Record: one operation';
export const note = `"Held" is one of 64 handles, used in turn, and compared with as many of a rival's; "one" is a single
handle, compared with one: its additions wait for each other in memory as those on a single slot of a bare array do, so
none can take less. Four constants are what a module has that keeps each handle under a name. Label objects are made anew for each call, of 100 label sets
unless another number is given.`;
export const rounds = 3;
export const newerNode = true;

/** `rival` names the case that a case is compared with, `rust` one of rust/src/main.rs, `newer` asks for Node 22. */
export const cases = { ...floors, ...held, ...labels, ...around, ...exemplars };
