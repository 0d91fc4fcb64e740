import { prometheusName } from '../src/prometheus-name.ts';

/* Examples of the specification, and what the Collector's and Prometheus' own translator makes of these. */
test.each([
  ['system.io', 'counter', 'foo/bar', 'system_io_foo_per_bar_total'],
  ['http.server.request.duration', 'histogram', 's', 'http_server_request_duration_seconds'],
  ['http.client.request.size', 'histogram', 'By', 'http_client_request_size_bytes'],
  ['http_requests_total', 'counter', '', 'http_requests_total'],
  ['total.requests', 'counter', '1', 'requests_total'],
  ['cpu.utilization', 'gauge', '1', 'cpu_utilization_ratio'],
  ['cpu.ratio', 'gauge', '1', 'cpu_ratio'],
  ['memory.usage', 'gauge', '%', 'memory_usage_percent'],
  ['active.requests', 'gauge', '{request}', 'active_requests'],
  ['rate', 'gauge', '{packet}/s', 'rate_per_second'],
  ['network.speed', 'gauge', 'By/s', 'network_speed_bytes_per_second'],
  ['wait_seconds', 'histogram', 's', 'wait_seconds'],
  ['a..b--c', 'gauge', '', 'a_b_c'],
  ['2xx.responses', 'counter', '', '_2xx_responses_total'],
  ['rule:name', 'gauge', '', 'rule:name'],
] as const)('%s, a %s in "%s", is %s', (name, kind, unit, expected) => {
  expect(prometheusName(name, kind, unit)).toBe(expected);
});
