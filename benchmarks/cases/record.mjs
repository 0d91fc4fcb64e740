import { around } from './record/around.mjs';
import { exemplars } from './record/exemplars.mjs';
import { floors } from './record/floors.mjs';
import { held } from './record/held.mjs';
import { labels } from './record/labels.mjs';

export const title = 'Record: one operation';
export const note = `"Held" is one of 64 handles, used in turn, and compared with as many of a rival's; "one" is a single
handle, compared with one. Four constants are what a module has that keeps each handle under a name. Held counters are used four times
in each turn of the loop, and "one a turn" beside bare loops that do the same. Label objects are made anew for each call, of 100 label
sets unless another number is given; their strings are not, but for those that Rust's macro with dynamic labels takes: it owns them.
The bytes are those on the heap, the least of several tries; less than half a byte is none.`;
export const rounds = 3;
export const newerNode = true;

/** `rival` names the case that a case is compared with, `rust` one of rust/src/main.rs, `newer` asks for Node 22. */
export const cases = { ...floors, ...held, ...labels, ...around, ...exemplars };
