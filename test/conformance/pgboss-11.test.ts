import { conformance } from '../../src/testkit/index.ts';
import { pgBossBench } from './pgboss-bench.ts';

// In a schema of another name.
conformance('pg-boss 11', () => pgBossBench('11', 'background'));
