import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { detectResource, type ResourceOptions, stringAttribute } from '../src/resource.ts';
import { VERSION } from '../src/version.ts';

const detect = (
  options: ResourceOptions = {},
  environment: Record<string, string> = {},
  files: Record<string, string> = {},
) => detectResource(options, { environment, readText: (path) => files[path] }).attributes;

test('a process that says nothing is still told apart', () => {
  const attributes = detect();
  expect(attributes).toMatchObject({
    'service.name': 'unknown_service:node',
    'service.instance.id': expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    'telemetry.sdk.name': 'opentelemetry',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.version': defaultResource().attributes['telemetry.sdk.version'],
    'telemetry.distro.name': 'ostinato',
    'telemetry.distro.version': VERSION,
    'host.name': hostname(),
    'host.arch': expect.any(String),
    'process.pid': process.pid,
    'process.executable.name': 'node',
    'process.executable.path': process.execPath,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
  });
  expect(detect()['service.instance.id']).toBe(attributes['service.instance.id']);
  expect(Object.keys(attributes).filter((name) => /^(k8s|container)\.|command/.test(name))).toEqual([]);
});

test('the version is the one of the package', () => {
  const { version } = JSON.parse(readFileSync(join(__dirname, '../package.json'), 'utf8'));
  expect(VERSION).toBe(version);
});

test('everything is known at once', () => {
  const resource = detectResource({}, { environment: {}, readText: () => undefined });
  expect(resource.asyncAttributesPending).toBeFalsy();
});

describe('service.name', () => {
  const both = { OTEL_SERVICE_NAME: 'by-name', OTEL_RESOURCE_ATTRIBUTES: 'service.name=by-attributes' };
  test.each<[string, ResourceOptions, Record<string, string>]>([
    ['code', { serviceName: 'code', resource: { 'service.name': 'resource' } }, both],
    ['resource', { resource: { 'service.name': 'resource' } }, both],
    ['by-name', {}, both],
    ['by-attributes', {}, { OTEL_RESOURCE_ATTRIBUTES: both.OTEL_RESOURCE_ATTRIBUTES }],
  ])('%s wins', (expected, options, environment) => {
    expect(detect(options, environment)['service.name']).toBe(expected);
  });
});

test('what is given in code beats what is detected and what the environment says', () => {
  const attributes = detect(
    {
      resource: resourceFromAttributes({
        'host.name': 'mine',
        'service.version': '2',
        'service.instance.id': 'me',
      }),
    },
    { OTEL_RESOURCE_ATTRIBUTES: 'service.version=1,service.namespace=shop,process.pid=7' },
  );
  expect(attributes).toMatchObject({
    'host.name': 'mine',
    'service.version': '2',
    'service.namespace': 'shop',
    'service.instance.id': 'me',
    'process.pid': '7',
  });
});

test('a resource that is still being found does not hold up the rest', async () => {
  const resource = detectResource(
    { serviceName: 'orders', resource: resourceFromAttributes({ 'host.id': Promise.resolve('machine') }) },
    { environment: {}, readText: () => undefined },
  );
  expect(stringAttribute(resource, 'service.name')).toBe('orders');
  expect(stringAttribute(resource, 'host.id')).toBeUndefined();
  await resource.waitForAsyncAttributes?.();
  expect(resource.attributes['host.id']).toBe('machine');
});

describe('Kubernetes', () => {
  test.each([
    [
      'as the attributes',
      { K8S_NAMESPACE_NAME: 'shop', K8S_POD_NAME: 'orders-7d9f', K8S_CONTAINER_NAME: 'app' },
    ],
    [
      'as the Operator does',
      {
        OTEL_K8S_NAMESPACE: 'shop',
        OTEL_RESOURCE_ATTRIBUTES_POD_NAME: 'orders-7d9f',
        OTEL_RESOURCE_ATTRIBUTES: 'k8s.container.name=app',
      },
    ],
    ['as manifests do', { POD_NAMESPACE: 'shop', POD_NAME: 'orders-7d9f', K8S_CONTAINER_NAME: 'app' }],
  ])('the downward API, named %s, gives the instance its name', (_how, environment) => {
    expect(detect({}, environment)).toMatchObject({
      'k8s.namespace.name': 'shop',
      'k8s.pod.name': 'orders-7d9f',
      'k8s.container.name': 'app',
      'service.instance.id': 'shop.orders-7d9f.app',
    });
  });

  test('an instance that is named in the environment keeps its name', () => {
    const environment = {
      K8S_NAMESPACE_NAME: 'shop',
      K8S_POD_NAME: 'p',
      K8S_CONTAINER_NAME: 'app',
      OTEL_RESOURCE_ATTRIBUTES: 'service.instance.id=seven',
    };
    expect(detect({}, environment)['service.instance.id']).toBe('seven');
  });

  test('without the name of the container the instance is a random UUID', () => {
    expect(detect({}, { POD_NAMESPACE: 'shop', POD_NAME: 'p' })['service.instance.id']).toMatch(
      /^[0-9a-f-]{36}$/,
    );
  });
});

describe('container.id', () => {
  const ID = '3726184226f5d3147c25fdeab5b60097e378e8a720503a5e19ecfdf29f869860';
  test.each([
    ['Docker, cgroup v1', '/proc/self/cgroup', `11:devices:/docker/${ID}\n1:name=systemd:/docker/${ID}\n`],
    ['systemd', '/proc/self/cgroup', `0::/system.slice/docker-${ID}.scope\n`],
    [
      'containerd in Kubernetes',
      '/proc/self/cgroup',
      `12:pids:/kubepods.slice/kubepods-pod1f2e.slice/cri-containerd-${ID}.scope\n`,
    ],
    ['ECS', '/proc/self/cgroup', `9:perf_event:/ecs/b8a2c6e4/${ID}\n`],
    [
      'Docker, cgroup v2',
      '/proc/self/mountinfo',
      `473 456 254:1 /docker/containers/${ID}/resolv.conf /etc/resolv.conf rw - ext4 /dev/vda1 rw\n`,
    ],
    [
      'Podman, cgroup v2',
      '/proc/self/mountinfo',
      `983 961 0:56 /containers/overlay-containers/${ID}/userdata/hostname /etc/hostname rw - tmpfs tmpfs rw\n`,
    ],
  ])('is found under %s', (_where, path, text) => {
    expect(detect({}, {}, { [path]: text })['container.id']).toBe(ID);
  });

  test.each([
    ['/proc/self/cgroup', '0::/\n'],
    ['/proc/self/cgroup', '0::/user.slice/user-1000.slice/session-3.scope\n'],
    // The sandbox is the pod's pause container, not this one.
    [
      '/proc/self/mountinfo',
      `1 1 8:1 /var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/${ID}/hostname /etc/hostname rw\n`,
    ],
  ])('is absent where there is none: %s %s', (path, text) => {
    expect(detect({}, {}, { [path]: text })).not.toHaveProperty(['container.id']);
  });
});
