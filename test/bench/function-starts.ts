import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { type BuildOptions, buildSync } from 'esbuild'
import { codeFolder, ROOT } from '../infra/synth.ts'
import { median, ms, printTable, quantile } from './figures.ts'

const RUNS = 15
const ENTRIES = ['Analyze', 'Reconcile'] as const

/** What the stack and Lambda give a function; nothing is called while it starts. */
const ENVIRONMENT = {
  AWS_REGION: 'eu-west-1',
  AWS_LAMBDA_FUNCTION_NAME: 'function',
  SIPFENCE_TABLE: 'ledger',
  SIPFENCE_RECONCILE_QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/123456789012/wake.fifo',
  SIPFENCE_TOPIC_ARN: 'arn:aws:sns:eu-west-1:123456789012:topic',
}

interface Start {
  /** Of `index.mjs`, until it can be called. */
  readonly importMs: number
  /** Of a process that does nothing else. */
  readonly wholeMs: number
}

interface Code {
  readonly name: string
  readonly folder: string
  readonly starts: Start[]
}

/**
 * How long the deployed bundles take to load, each time in a new process, beside a handler that does nothing, the same
 * code unminified, and the same code with the AWS SDK outside, taken from this project's node_modules.
 *
 * @param scratch a folder of the caller's
 */
export function measureStarts(assembly: string, fence: string, scratch: string): void {
  const bare = { name: 'bare handler', folder: writeBareHandler(scratch), starts: [] }
  const codes: readonly Code[] = [
    bare,
    ...ENTRIES.flatMap((entry) => variants(assembly, fence, entry, scratch)),
  ]
  for (let run = 0; run <= RUNS; run++)
    for (const { folder, starts } of codes) {
      const start = startOnce(folder)
      if (run > 0) starts.push(start) // the first one reads from the disk
    }
  const floor = median(codes[0]!.starts.map(({ wholeMs }) => wholeMs))
  const head = ['code', 'size', 'gzip', 'import p50', 'p95', 'process p50', 'p95', 'beside bare']
  const title = `Start of the functions, ${RUNS} new processes each, in turn`
  printTable(
    title,
    head,
    codes.map((code) => rowOf(code, floor)),
  )
}

/** A handler that does nothing; returns its folder. */
export function writeBareHandler(scratch: string): string {
  const folder = join(scratch, 'bare')
  mkdirSync(folder)
  writeFileSync(join(folder, 'index.mjs'), 'export const handler = async () => {}\n')
  return folder
}

function rowOf({ name, folder, starts }: Code, floor: number): string[] {
  const code = readFileSync(join(folder, 'index.mjs'))
  const imports = starts.map(({ importMs }) => importMs)
  const wholes = starts.map(({ wholeMs }) => wholeMs)
  return [
    name,
    kib(code.length),
    kib(gzipSync(code).length),
    ms(median(imports)),
    ms(quantile(imports, 0.95)),
    ms(median(wholes)),
    ms(quantile(wholes, 0.95)),
    `${(median(wholes) / floor).toFixed(1)} times`,
  ]
}

function kib(bytes: number): string {
  return `${(bytes / 1024).toFixed(bytes < 10_240 ? 1 : 0)} KiB`
}

function variants(
  assembly: string,
  fence: string,
  entry: (typeof ENTRIES)[number],
  scratch: string,
): readonly Code[] {
  const deployed = codeFolder(assembly, fence, entry)
  const built = (name: string, options: BuildOptions): Code => {
    const folder = join(scratch, `${entry}-${name}`)
    mkdirSync(folder)
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    copyFileSync(join(deployed, 'settings.json'), join(folder, 'settings.json'))
    build(entry, join(folder, 'index.mjs'), options)
    return { name: `${entry.toLowerCase()}, ${name}`, folder, starts: [] }
  }
  return [
    { name: `${entry.toLowerCase()} as deployed`, folder: deployed, starts: [] },
    built('unminified', {}),
    built('SDK outside', { minify: true, external: ['@aws-sdk/*', '@smithy/*'] }),
  ]
}

/** As lib/infra/bundle.ts does, but for what is varied. */
function build(entry: string, outfile: string, options: BuildOptions): void {
  const banner =
    "import { createRequire as createRequireOfThisBundle } from 'node:module'; const require = createRequireOfThisBundle(import.meta.url);"
  buildSync({
    entryPoints: [join(ROOT, 'lambda', `${entry.toLowerCase()}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    mainFields: ['module', 'main'],
    banner: { js: banner },
    logLevel: 'silent',
    ...options,
  })
}

function startOnce(folder: string): Start {
  const url = JSON.stringify(pathToFileURL(join(folder, 'index.mjs')))
  const script = `const began = performance.now(); await import(${url}); console.log(performance.now() - began)`
  const began = performance.now()
  const out = execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', script], {
    env: ENVIRONMENT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 60_000,
  })
  return { importMs: Number(out), wholeMs: performance.now() - began }
}
