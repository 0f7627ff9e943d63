// Starts a server that says on its first line where it listens, and runs a test with its address.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import readline from 'node:readline';

export async function withServer(program, test) {
  const server = spawn(program, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(server, 'exit');
  try {
    const lines = readline.createInterface({ input: server.stdout });
    const [line] = await once(lines, 'line');
    await test(/http:\/\/[\d.]+:\d+/.exec(line)[0]);
  } finally {
    server.kill('SIGTERM');
    const [code, signal] = await ended;
    if (code !== 0) throw new Error(`the server ended with ${code ?? signal}`);
  }
}
