import { parentPort } from 'node:worker_threads';
// All it takes: what this thread records is in the main thread's recorder.
import 'ostinato/worker';
import { defineCounter, defineGauge, defineHistogram } from 'ostinato';
import { drawImage, hash, shrink } from './image.ts';

/** An image to draw, shrink and hash. */
export interface Job {
  readonly seed: number;
  readonly width: number;
  /** The worker crashes over it. */
  readonly broken: boolean;
}

const images = defineCounter('images', { unit: '{image}', description: 'Images taken on.' });
const pixels = defineCounter('pixels', { unit: '{pixel}', description: 'Pixels read.' });
const busy = defineGauge('workers.busy', { description: 'Workers with an image in hand.' });
const step = defineHistogram('step.duration', {
  unit: 'ms',
  description: 'How long a step of the work takes.',
  labels: ['step'],
});
const drawing = step.labels('draw');
const shrinking = step.labels('shrink');
const hashing = step.labels('hash');

parentPort?.on('message', ({ seed, width, broken }: Job) => {
  images.increment();
  if (broken) throw new Error(`image ${seed} is broken`);
  busy.increment();
  const image = drawing.time(() => drawImage(seed, width));
  pixels.increment(image.pixels.length);
  const thumbnail = shrinking.time(() => shrink(image));
  const digest = hashing.time(() => hash(thumbnail));
  busy.decrement();
  parentPort?.postMessage(digest);
});
