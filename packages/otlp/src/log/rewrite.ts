import { dirname } from 'node:path';
import type { LineContext } from './context.ts';
import { attempt, codeOf } from './files.ts';
import type { Line } from './line.ts';
import { PackedWriter } from './packed.ts';
import { packedPath, unfinishedPath } from './place.ts';
import type { Segment } from './segment.ts';

/** What another content of a segment comes to. */
export interface Changes {
  /** Bytes of the content. */
  readonly size: number;
  /** What is not in it any more. */
  readonly units: number;
  readonly points: number;
}

/**
 * Puts a packed file in the place of a closed segment's. `write` writes the new content and says how it differs. False
 * if the segment was done with, or read on, meanwhile.
 *
 * A death at any step leaves one copy that counts, and it is whole. The new file is written beside the old one, under a
 * name that no reader knows, and synced before it is renamed. If the old one is packed too, the rename replaces it. If
 * it is plain, there are two after the rename, of which readers take the plain one, until that is removed; it is
 * removed when the entry of the other is on the disk. Positions stay valid, since they count unpacked bytes, and since
 * all up to where the segment is read stays as it is, or else the attempt is given up.
 *
 * A process that was wrongly taken for dead does no harm: all it renames and removes is below its own directory, where
 * the line is not any more.
 */
export async function rewrite(
  context: LineContext,
  line: Line,
  segment: Segment,
  write: (writer: PackedWriter) => Promise<Changes>,
): Promise<boolean> {
  const { files } = context;
  const fixed = line.fixed(segment);
  const isCurrent = () => !context.closed && line.fixed(segment) !== undefined;
  const writer = new PackedWriter(files, unfinishedPath(segment.path));
  let complete = false;
  try {
    const changes = await write(writer);
    const packed = await writer.finish();
    attempt(() => files.touch(writer.path, segment.newest));
    const isSame = () => isCurrent() && (changes.points === 0 || line.fixed(segment) === fixed);
    if (!isSame()) return false;
    const path = packedPath(segment.path);
    files.rename(writer.path, path);
    complete = true;
    const wasPacked = segment.packed !== undefined;
    if (!wasPacked && !(await replacesPlain(context, line, segment, path, isSame))) return false;
    line.replaced(segment, path, packed, changes);
    // Until then a power failure may bring the old file back, with a cursor in the new: that costs repetitions.
    if (wasPacked) await files.syncDirectory(dirname(path)).catch(() => undefined);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') line.checkPlace();
    throw error;
  } finally {
    writer.close();
    if (!complete) attempt(() => files.remove(writer.path));
  }
}

/** The packed file is complete beside the plain one: removes one of them. */
async function replacesPlain(
  { files }: LineContext,
  line: Line,
  segment: Segment,
  path: string,
  isSame: () => boolean,
): Promise<boolean> {
  let replaces = false;
  try {
    await files.syncDirectory(dirname(path));
    if (isSame()) {
      files.remove(segment.path);
      replaces = true;
    }
  } finally {
    if (!replaces) {
      attempt(() => files.remove(path));
      line.removePlace(dirname(path));
    }
  }
  return replaces;
}
