/**
 * Go's checksum database: a public log of the hashes of all modules, whose tree is signed. As `go` itself asks it
 * (cmd/go/internal/modfetch/sumdb.go, golang.org/x/mod/sumdb; https://go.dev/design/25530-sumdb), but for one record and
 * without a memory: no earlier tree is there to hold the signed one against.
 */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { EnvironmentError } from './errors.ts';
import { isMissing, type ModuleProxy, read, tryProxies } from './module-proxy.ts';

/** Databases by name, with the keys that cmd/go knows (cmd/go/internal/modfetch/key.go). */
const KNOWN: Readonly<Record<string, string>> = {
  'sum.golang.org': 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8',
};
/** The same under a name that can be reached from mainland China. */
const ALIASES: Readonly<Record<string, string>> = {
  'sum.golang.google.cn': 'sum.golang.org https://sum.golang.google.cn',
};

interface Database {
  name: string;
  /** Of the key, as signatures start with it. */
  id: Buffer;
  key: KeyObject;
  /** Where GOSUMDB says that it is. */
  url: string | undefined;
}

/** A signed tree: how many records it has, and its hash (RFC 6962). */
interface Tree {
  size: number;
  hash: Buffer;
}

/**
 * The hash `h1:` of a module's files, of which the database has proven that everybody is told the same.
 *
 * @param path and version: of the module, without capital letters (these would have to be escaped).
 * @throws EnvironmentError GW4003 if there is no answer, GW4004 if it is not proven.
 */
export async function publishedSum(
  path: string,
  version: string,
  proxies: readonly ModuleProxy[],
  gosumdb: string | undefined,
): Promise<string> {
  const database = parse(gosumdb || 'sum.golang.org');
  let base: string;
  let answer: Buffer;
  try {
    base = database.url ?? (await reach(database.name, proxies));
    answer = await read(`${base}/lookup/${path}@${version}`);
  } catch (cause) {
    const why = isMissing(cause) ? 'it is not known there' : (cause as Error).message;
    throw new EnvironmentError('GW4003', `${database.name} has no checksum of ${path}@${version}: ${why}`, {
      hint: 'install Go 1.24 or later from https://go.dev/dl; GOPROXY and GOSUMDB say where checksums are',
      cause,
    });
  }
  const record = /^(0|[1-9]\d{0,14})\n([\s\S]+?\n)\n([\s\S]*)$/.exec(answer.toString());
  if (!record) throw unproven(database, 'it gives no record');
  const [, id, text, note] = record;
  const tree = treeOf(note!, database);
  if (Number(id) >= tree.size) throw unproven(database, `record ${id} is not in its tree of ${tree.size}`);
  const root = await rootOf(sha256(Buffer.of(0), text!), Number(id), tree.size, tiles(base, tree.size));
  if (!root.equals(tree.hash))
    throw unproven(database, `record ${id} is not in its tree, or a part of the tree is wrong`);
  const sum = text!.split('\n').find((line) => line.startsWith(`${path} ${version} h1:`));
  if (sum === undefined) throw unproven(database, `its record is not one of ${path}@${version}`);
  return sum.slice(`${path} ${version} `.length);
}

/** What GOSUMDB says: `NAME`, `KEY`, each with a URL if wanted. */
function parse(gosumdb: string): Database {
  const invalid = (why: string) =>
    new EnvironmentError('GW4003', `Go cannot be fetched: ${why}`, {
      hint: 'what is fetched must be checked: unset GOSUMDB, or install Go 1.24 or later from https://go.dev/dl',
    });
  if (gosumdb === 'off') throw invalid('GOSUMDB=off forbids to ask the checksum database');
  const [first = '', url, ...more] = (ALIASES[gosumdb] ?? gosumdb).trim().split(/\s+/);
  if (more.length > 0) throw invalid('GOSUMDB has more than a key and a URL');
  const [, name = '', id = '', base64 = ''] = /^([^+\s]+)\+([0-9a-f]{8})\+(.+)$/i.exec(KNOWN[first] ?? first) ?? [];
  const bytes = Buffer.from(base64, 'base64');
  if (!sha256(`${name}\n`, bytes).subarray(0, 4).equals(Buffer.from(id, 'hex'))) {
    throw invalid('GOSUMDB has neither the name of a known database nor a valid key');
  }
  // The first byte is the algorithm: Ed25519.
  if (bytes[0] !== 1 || bytes.length !== 33) throw invalid('GOSUMDB has a key of an unknown kind');
  const host = URL.canParse(`https://${name}`) ? new URL(`https://${name}`) : undefined;
  if (host === undefined || host.host + host.pathname.replace(/\/$/, '') !== name) {
    throw invalid(`GOSUMDB has a name that is no host: ${name}`);
  }
  const x = bytes.subarray(1).toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return { name, id: Buffer.from(id, 'hex'), key, url: url?.replace(/\/$/, '') };
}

/** Where the database is asked: through the first proxy that passes questions on to it, else at its own address. */
async function reach(name: string, proxies: readonly ModuleProxy[]): Promise<string> {
  const direct = `https://${name}`;
  try {
    return await tryProxies(proxies, async (url) => {
      if (url === 'direct') return direct;
      await read(`${url}/sumdb/${name}/supported`);
      return `${url}/sumdb/${name}`;
    });
  } catch (error) {
    if (isMissing(error)) return direct;
    throw error;
  }
}

/** The tree in a note that the database has signed (golang.org/x/mod/sumdb/note, tlog.ParseTree). */
function treeOf(note: string, database: Database): Tree {
  const end = note.lastIndexOf('\n\n') + 1;
  const text = Buffer.from(note.slice(0, end));
  // A note may have signatures of others as well.
  const signatures = note
    .slice(end + 1)
    .split('\n')
    .filter((line) => line.startsWith(`— ${database.name} `))
    .map((line) => Buffer.from(line.slice(line.lastIndexOf(' ') + 1), 'base64'))
    .filter((signature) => signature.subarray(0, 4).equals(database.id));
  if (!signatures.some((signature) => verify(null, text, database.key, signature.subarray(4)))) {
    throw unproven(database, 'its tree is not signed with its key');
  }
  const tree = /^go\.sum database tree\n(0|[1-9]\d{0,14})\n(\S+)\n/.exec(note);
  if (!tree) throw unproven(database, 'what it has signed is no tree');
  return { size: Number(tree[1]), hash: Buffer.from(tree[2]!, 'base64') };
}

/** Tiles hold 8 levels of the tree, as the lowest of them: up to 256 hashes. */
const LEVELS = 8;
const WIDTH = 2 ** LEVELS;
const HASH = 32;

/** Reads tiles: the `n`-th of a level of tiles, each once. */
type Tiles = (level: number, n: number) => Promise<Buffer>;

function tiles(base: string, size: number): Tiles {
  const known = new Map<string, Promise<Buffer>>();
  const fetchTile = async (level: number, n: number): Promise<Buffer> => {
    // 1234067 is x001/x234/067.
    const digits = String(n).padStart(Math.ceil(String(n).length / 3) * 3, '0');
    const path = `${base}/tile/${LEVELS}/${level}/${digits.replace(/\d{3}(?=\d)/g, 'x$&/')}`;
    const width = Math.min(Math.floor(size / WIDTH ** level) - n * WIDTH, WIDTH);
    if (width === WIDTH) return read(path);
    // One that has become full may be there only as a whole.
    return read(`${path}.p/${width}`).catch((error) => (isMissing(error) ? read(path) : Promise.reject(error)));
  };
  return (level, n) => {
    const name = `${level}/${n}`;
    const tile = known.get(name) ?? fetchTile(level, n);
    known.set(name, tile);
    return tile.catch((cause) => {
      throw new EnvironmentError('GW4003', `the checksum database cannot be read: ${(cause as Error).message}`, {
        hint: 'try again; GOPROXY and GOSUMDB say where checksums are',
        cause,
      });
    });
  };
}

/**
 * The hash of the tree in which record `id` has the hash `leaf`, and the rest is as the tiles say (RFC 6962, 2.1.1): so it is
 * that of the signed tree only if record and tiles are right.
 */
async function rootOf(leaf: Buffer, id: number, size: number, tile: Tiles): Promise<Buffer> {
  /** Of the `n`-th whole subtree of 2^level records. */
  const whole = async (level: number, n: number): Promise<Buffer> => {
    const count = 2 ** (level % LEVELS);
    const first = (n * count) % WIDTH;
    const data = await tile(Math.floor(level / LEVELS), Math.floor((n * count) / WIDTH));
    let hashes = Array.from({ length: count }, (_, i) => data.subarray((first + i) * HASH, (first + i + 1) * HASH));
    while (hashes.length > 1) {
      hashes = Array.from({ length: hashes.length / 2 }, (_, i) => pair(hashes[2 * i]!, hashes[2 * i + 1]!));
    }
    return hashes[0]!;
  };
  /** Of the records `from` to `to`, of which `from` is where a subtree of so many begins. */
  const some = async (from: number, to: number): Promise<Buffer> => {
    const parts: Buffer[] = [];
    for (let at = from; at < to; ) {
      let level = 0;
      while (2 ** (level + 1) <= to - at) level++;
      parts.push(await whole(level, at / 2 ** level));
      at += 2 ** level;
    }
    return parts.reduceRight((right, left) => pair(left, right));
  };
  let hash = leaf;
  for (let level = 0, n = id; 2 ** level < size; level++, n = Math.floor(n / 2)) {
    const next = (n + 1) * 2 ** level;
    if (n % 2 === 1) hash = pair(await whole(level, n - 1), hash);
    else if (next < size) hash = pair(hash, await some(next, Math.min(next + 2 ** level, size)));
  }
  return hash;
}

function pair(left: Buffer, right: Buffer): Buffer {
  return sha256(Buffer.of(1), left, right);
}

function sha256(...parts: (Buffer | string)[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function unproven({ name }: Database, why: string): EnvironmentError {
  return new EnvironmentError('GW4004', `the checksum of Go is not proven by ${name}: ${why}`, {
    hint: 'nothing was fetched; look at what GOPROXY and GOSUMDB name',
  });
}
