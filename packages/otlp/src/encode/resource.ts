import { createHash } from 'node:crypto';
import { writeAttribute, writeAttributes } from './attributes.ts';
import { resource as resourceMessage, resourceMetrics, tag } from './schema.ts';
import type { MetricsBatch } from './sdk-types.ts';
import { Writer } from './writer.ts';

const RESOURCE = tag(resourceMetrics, 'resource');
const SCHEMA_URL = tag(resourceMetrics, 'schemaUrl');
const ATTRIBUTES = tag(resourceMessage, 'attributes');
const DROPPED_ATTRIBUTES_COUNT = tag(resourceMessage, 'droppedAttributesCount');

/** What surrounds the scopes of a batch. */
export interface EncodedResource {
  /** 32 hex digits: equal for equal attributes in any order, in any process. */
  readonly identity: string;
  /** The fields of ResourceMetrics before its scopes, and after them. */
  readonly header: Uint8Array;
  readonly trailer: Uint8Array;
}

export function encodeResource(resource: MetricsBatch['resource']): EncodedResource {
  const { attributes = {}, schemaUrl } = resource;
  const writer = new Writer(1024);
  for (const key of Object.keys(attributes).sort()) writeAttribute(writer, ATTRIBUTES, key, attributes[key]);
  const identity = createHash('sha256').update(writer.slice()).digest('hex').slice(0, 32);

  writer.length = 0;
  writer.byte(RESOURCE);
  const at = writer.open();
  writeAttributes(writer, ATTRIBUTES, attributes);
  writer.byte(DROPPED_ATTRIBUTES_COUNT);
  writer.byte(0);
  writer.close(at);
  const header = writer.slice();

  writer.length = 0;
  if (schemaUrl) {
    writer.byte(SCHEMA_URL);
    writer.string(schemaUrl);
  }
  return { identity, header, trailer: writer.slice() };
}
