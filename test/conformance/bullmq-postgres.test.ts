import { conformance } from '../../src/testkit/index.ts';
import { bullmqPostgresBench } from './bullmq-postgres-bench.ts';

// in a schema that is not the library's own and whose name must be quoted
conformance("BullMQ's own Postgres backend", () => bullmqPostgresBench('Back_office'));
