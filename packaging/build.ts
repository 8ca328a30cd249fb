import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { constants, gzipSync } from 'node:zlib'
import { VERSION } from '../lib/version.ts'
import { type Bundle, bundleOf } from './bundle.ts'
import { ARCHES, type Arch, type NodeBinary, nodeBinary } from './node-binary.ts'
import { type TarFile, tarOf } from './tar.ts'

export interface Tarball {
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}

export interface TarballOptions {
  /** The one of packaging/package-lock.json unless given. */
  readonly node?: NodeBinary
  /** Of zlib: how hard it is compressed. What is released has the default. */
  readonly level?: number
}

const ROOT = join(import.meta.dirname, '..')
const USAGE = 'tsx packaging/build.ts [--arch x64|arm64|both] [--out DIR]'

/**
 * Writes `sipfence-sidecar-VERSION-linux-ARCH.tar.gz` into the folder: the sidecar with its own Node, its unit and the
 * script that installs them. The same sources, lock files and Node that builds give the same bytes.
 */
export async function buildTarball(
  arch: Arch,
  out: string,
  { node = nodeBinary(arch), level = constants.Z_DEFAULT_COMPRESSION }: TarballOptions = {},
): Promise<Tarball> {
  const name = `sipfence-sidecar-${VERSION}-linux-${arch}`
  const files = filesOf(arch, node, await bundleOf(ROOT))
  const archive = gzipSync(tarOf(files.map((file) => ({ ...file, name: `${name}/${file.name}` }))), {
    level,
  })
  const path = join(out, `${name}.tar.gz`)
  mkdirSync(out, { recursive: true })
  writeFileSync(path, archive)
  return { path, bytes: archive.length, sha256: sha256(archive) }
}

function filesOf(arch: Arch, node: NodeBinary, bundle: Bundle): TarFile[] {
  const ours = (path: string) => readFileSync(join(ROOT, path))
  const files = [
    file('LICENSE', ours('LICENSE')),
    file('LICENSE.node', node.license),
    file('LICENSE.packages', bundle.licenses),
    file('bin/node', node.bytes, true),
    file('bin/run', ours('packaging/run.sh'), true),
    file('bin/sipfence', ours('packaging/sipfence.sh'), true),
    file('examples/recorded-attack/reflection.pcap.gz', ours('examples/recorded-attack/reflection.pcap.gz')),
    file('install.sh', ours('packaging/install.sh'), true),
    file('lib/sipfence.mjs', bundle.code),
    // The root of the package, as lib/host/package-root.ts finds it.
    file('package.json', `${JSON.stringify({ name: 'sipfence', version: VERSION, type: 'module' })}\n`),
    file('sipfence-sidecar.service', ours('packaging/sipfence-sidecar.service')),
  ]
  return [...files, file('BUILD', buildWords(arch, node, files))]
}

/** What install.sh reads: `key=value` lines. `content` changes with any file, `node-sha256` can be compared with nodejs.org's. */
function buildWords(arch: Arch, { version, bytes }: NodeBinary, files: readonly TarFile[]): string {
  const content = files.map((each) => `${sha256(each.bytes)} ${each.executable} ${each.name}\n`).join('')
  const words = {
    version: VERSION,
    arch,
    content: sha256(content),
    node: version,
    'node-sha256': sha256(bytes),
  }
  return Object.entries(words)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}

function file(name: string, content: Uint8Array | string, executable = false): TarFile {
  return { name, bytes: typeof content === 'string' ? Buffer.from(content) : content, executable }
}

function sha256(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex')
}

async function main(): Promise<void> {
  const { arch, out } = parseArgs({
    options: {
      arch: { type: 'string', default: 'both' },
      out: { type: 'string', default: join(import.meta.dirname, 'out') },
    },
  }).values
  const wanted = ARCHES.filter((each) => arch === each || arch === 'both')
  if (wanted.length === 0)
    throw new Error(`Cannot build for "${arch}": it should be x64, arm64 or both; ${USAGE}`)
  for (const each of wanted) {
    const { path, bytes, sha256: sum } = await buildTarball(each, out)
    process.stdout.write(`${sum}  ${path}  ${(bytes / 1e6).toFixed(1)} MB\n`)
  }
}

if (process.argv[1] === import.meta.filename) await main()
