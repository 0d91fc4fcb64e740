import { readFileSync } from 'node:fs';
import { arch, hostname } from 'node:os';
import { basename } from 'node:path';
import type { Attributes } from '@opentelemetry/api';
import {
  defaultResource,
  type Resource,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources';
import { type Environment, readResourceAttributes, readString } from './environment.ts';
import { VERSION } from './version.ts';

/** What code says of the service; it beats the environment. */
export interface ResourceOptions {
  readonly serviceName?: string | undefined;
  /** Attributes such as `{ 'service.version': '1.2.0' }`, or a Resource of the OpenTelemetry SDK. */
  readonly resource?: Resource | Attributes | undefined;
}

/** What detection looks at. */
export interface Surroundings {
  readonly environment: Environment;
  /** The content of a file, or undefined where there is none. */
  readonly readText: (path: string) => string | undefined;
}

/**
 * Says who measures: service, host, process, container, Kubernetes pod. What is given in code beats
 * `OTEL_SERVICE_NAME`, which beats `OTEL_RESOURCE_ATTRIBUTES`, which beats what is detected. Synchronous.
 *
 * `service.instance.id` is always there: given, or `<namespace>.<pod>.<container>` where the Kubernetes downward API
 * tells all three, or a random UUID, the same for the life of the process. The command line is left out, since it
 * may hold secrets.
 */
export function detectResource(
  { serviceName, resource }: ResourceOptions,
  { environment, readText }: Surroundings = surroundings(),
): Resource {
  const known = defaultResource()
    .merge(
      resourceFromAttributes({
        'service.name': `unknown_service:${EXECUTABLE.replace(/\.exe$/, '')}`,
        'telemetry.distro.name': 'ostinato',
        'telemetry.distro.version': VERSION,
        'host.name': hostname(),
        'host.arch': HOST_ARCH[arch()] ?? arch(),
        'process.pid': process.pid,
        'process.executable.name': EXECUTABLE,
        'process.executable.path': process.execPath,
        'process.runtime.name': 'nodejs',
        'process.runtime.version': process.versions.node,
        'process.runtime.description': 'Node.js',
        'container.id': containerId(readText),
        ...kubernetes(environment),
      }),
    )
    .merge(resourceFromAttributes(readResourceAttributes(environment)))
    .merge(resourceFromAttributes({ 'service.name': readString(environment, 'OTEL_SERVICE_NAME') }))
    .merge(isResource(resource) ? resource : resourceFromAttributes({ ...resource }))
    .merge(resourceFromAttributes({ 'service.name': serviceName }));
  return resourceFromAttributes({ 'service.instance.id': instanceId(known) }).merge(known);
}

/** A string attribute of a resource, without waiting for those that are still being found. */
export function stringAttribute(resource: Resource, name: string): string | undefined {
  for (const [key, value] of resource.getRawAttributes()) {
    if (key === name && typeof value === 'string') {
      return value;
    }
  }
  return undefined;
}

function surroundings(): Surroundings {
  return {
    environment: process.env,
    readText: (path) => {
      try {
        return readFileSync(path, 'utf8');
      } catch {
        return undefined;
      }
    },
  };
}

function isResource(option: Resource | Attributes | undefined): option is Resource {
  return typeof option?.getRawAttributes === 'function';
}

const EXECUTABLE = basename(process.execPath);

/** Node's names of processors that the semantic conventions call otherwise. */
const HOST_ARCH: Readonly<Record<string, string>> = { x64: 'amd64', arm: 'arm32', ppc: 'ppc32', ia32: 'x86' };

/**
 * The variables in which the downward API is usually handed to a container: named as the attribute, as the
 * OpenTelemetry Operator names them, or as most manifests do.
 */
const KUBERNETES: readonly (readonly [attribute: string, ...variables: string[]])[] = [
  ['k8s.cluster.name', 'K8S_CLUSTER_NAME'],
  ['k8s.namespace.name', 'K8S_NAMESPACE_NAME', 'OTEL_K8S_NAMESPACE', 'POD_NAMESPACE'],
  ['k8s.node.name', 'K8S_NODE_NAME', 'OTEL_RESOURCE_ATTRIBUTES_NODE_NAME'],
  ['k8s.deployment.name', 'K8S_DEPLOYMENT_NAME'],
  ['k8s.pod.name', 'K8S_POD_NAME', 'OTEL_RESOURCE_ATTRIBUTES_POD_NAME', 'POD_NAME'],
  ['k8s.pod.uid', 'K8S_POD_UID', 'OTEL_RESOURCE_ATTRIBUTES_POD_UID', 'POD_UID'],
  ['k8s.container.name', 'K8S_CONTAINER_NAME'],
];

function kubernetes(environment: Environment): Attributes {
  const attributes: Attributes = {};
  for (const [attribute, ...variables] of KUBERNETES) {
    for (const variable of variables) {
      attributes[attribute] ??= readString(environment, variable);
    }
  }
  return attributes;
}

function instanceId(resource: Resource): Attributes[string] {
  const namespace = stringAttribute(resource, 'k8s.namespace.name');
  const pod = stringAttribute(resource, 'k8s.pod.name');
  const container = stringAttribute(resource, 'k8s.container.name');
  if (namespace !== undefined && pod !== undefined && container !== undefined) {
    return `${namespace}.${pod}.${container}`;
  }
  return serviceInstanceIdDetector.detect().attributes?.['service.instance.id'] as string;
}

/** cgroup v1 names the container in the last part of a path, with a runtime's prefix and suffix around it. */
const CGROUP_ID = /[/-]([0-9a-f]{64})(?:\.scope)?$/m;
/** With cgroup v2 the path is `/`, but the runtime mounts files out of the container's own directory. */
const MOUNT_ID = /\/(?:overlay-)?containers\/([0-9a-f]{64})\//;

function containerId(readText: Surroundings['readText']): string | undefined {
  return (
    CGROUP_ID.exec(readText('/proc/self/cgroup') ?? '')?.[1] ??
    MOUNT_ID.exec(readText('/proc/self/mountinfo') ?? '')?.[1]
  );
}
