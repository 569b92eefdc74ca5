import { openBullmqPostgresScene } from './bullmq-scene.ts';
import { bullmqTale } from './bullmq-tale.ts';
import { playRunbook } from './play.ts';

playRunbook(bullmqTale(openBullmqPostgresScene));
