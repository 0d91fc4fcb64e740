import { createHash } from 'node:crypto';

const THUMBNAIL = 16;

/** A grey image, one byte a pixel. */
export interface Image {
  readonly width: number;
  readonly pixels: Uint8Array;
}

/** A picture that is always the same for a seed: waves with a little noise. */
export function drawImage(seed: number, width: number): Image {
  const pixels = new Uint8Array(width * width);
  let noise = seed + 1;
  for (let i = 0; i < pixels.length; i++) {
    noise = (Math.imul(noise, 1_664_525) + 1_013_904_223) >>> 0;
    const wave = Math.sin((i % width) / (seed + 3)) + Math.cos(Math.floor(i / width) / (seed + 5));
    pixels[i] = 128 + wave * 48 + (noise >>> 28);
  }
  return { width, pixels };
}

/** The image at 16 by 16 pixels, each the mean of those it stands for. `width` is a multiple of 16. */
export function shrink({ width, pixels }: Image): Image {
  const side = width / THUMBNAIL;
  const small = new Uint8Array(THUMBNAIL * THUMBNAIL);
  for (let at = 0; at < small.length; at++) {
    const corner = Math.floor(at / THUMBNAIL) * side * width + (at % THUMBNAIL) * side;
    let sum = 0;
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) sum += pixels[corner + y * width + x] ?? 0;
    }
    small[at] = sum / (side * side);
  }
  return { width: THUMBNAIL, pixels: small };
}

export function hash({ pixels }: Image): string {
  return createHash('sha256').update(pixels).digest('hex');
}
