/**
 * The built program, loaded once and run command after command: the answer is what each has printed, and its exit code. Where
 * it is not the start of a process that is looked at, half a second of it is saved each time.
 */
import module from 'node:module';
import process from 'node:process';

module.enableCompileCache?.();
const bin = new URL('../../bin/run.js', import.meta.url);
const { execute } = await import('../../dist/main.js');

let texts = { stdout: '', stderr: '' };
for (const name of ['stdout', 'stderr']) {
  process[name].setMaxListeners(0); // each command listens once
  process[name].write = (chunk, encoding, callback) => {
    texts[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    (typeof encoding === 'function' ? encoding : callback)?.();
    return true;
  };
}

process.on('message', async ({ args, cwd, env }) => {
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(cwd);
  process.argv.splice(1, process.argv.length, bin.pathname, ...args);
  process.exitCode = undefined;
  texts = { stdout: '', stderr: '' };
  await execute({ dir: bin.href });
  process.send({ ...texts, code: process.exitCode ?? 0 });
});
process.once('disconnect', () => process.exit());
