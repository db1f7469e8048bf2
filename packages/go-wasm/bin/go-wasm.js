#!/usr/bin/env node
import module from 'node:module';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`go-wasm: GW4002: Node ${process.version} is too old\n  hint: install Node 20.19 or later\n`);
  process.exit(1);
}
// Node 22 and later keep what they have compiled: the next start is faster.
module.enableCompileCache?.();
const { main } = await import('@go-wasm/cli');
process.exitCode = await main(process.argv.slice(2));
