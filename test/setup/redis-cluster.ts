import { Redis } from 'ioredis';
import { type RedisServer, startRedis } from '../../src/demo/redis-server.ts';
import { until } from './bullmq.ts';

export interface RedisCluster {
  /** With `cluster=true`, and only the first node named. */
  readonly url: string;
  readonly nodes: readonly RedisServer[];
  stop(): Promise<void>;
}

/** Three masters without replicas, each with a third of the slots. */
export async function startCluster(): Promise<RedisCluster> {
  const settings = { 'cluster-enabled': 'yes', 'cluster-node-timeout': '5000', 'cluster-config-file': 'nodes.conf' };
  const nodes = await Promise.all([1, 2, 3].map(() => startRedis({ settings })));
  const clients = nodes.map(({ url }) => new Redis(url));
  const [first] = nodes;
  for (const [index, client] of clients.entries()) {
    await client.call('CLUSTER', 'ADDSLOTSRANGE', String(index * 5462), String(Math.min(16_383, index * 5462 + 5461)));
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
  }
  for (const client of clients.slice(1)) await client.cluster('MEET', '127.0.0.1', String(first?.port));
  await until('the cluster is whole', async () => {
    const infos = await Promise.all(clients.map((client) => client.cluster('INFO')));
    return infos.every((info) => /cluster_state:ok/.test(info) && /cluster_known_nodes:3/.test(info));
  });
  for (const client of clients) client.disconnect();
  return {
    url: `redis://127.0.0.1:${first?.port}/?cluster=true`,
    nodes,
    stop: async () => void (await Promise.all(nodes.map((node) => node.stop()))),
  };
}
