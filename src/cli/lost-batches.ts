import { verifyBackup } from '../safety/backup-reader.ts';

/** Damages that are told with a plan; `backup verify` tells them all. */
const SHOWN = 5;

/** What a salvage cannot bring back, or not whole. What a crash cut short was never changed. */
export async function lostIn(backup: string): Promise<string[]> {
  const { damage } = await verifyBackup(backup);
  return damage
    .filter(({ torn }) => !torn)
    .slice(0, SHOWN)
    .map(({ frame, why }) => `Batch ${frame} of the backup is damaged: ${why}.`);
}
