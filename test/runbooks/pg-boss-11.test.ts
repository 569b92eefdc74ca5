import { pgBossTale } from './pgboss-tale.ts';
import { playRunbook } from './play.ts';

playRunbook(pgBossTale('11'));
