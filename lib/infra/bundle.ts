import { writeFileSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Code } from 'aws-cdk-lib/aws-lambda'
import { AssetHashType, DockerImage } from 'aws-cdk-lib/core'
import { buildSync } from 'esbuild'
import type { FenceConfig } from '../config.ts'

/** A file of `lambda/`. */
export type EntryName = 'analyze' | 'reconcile'

const HERE = fileURLToPath(import.meta.url)
/** CommonJS packages within an ES module ask for `require`; minified names are short, so this one is long. */
const BANNER =
  "import { createRequire as createRequireOfThisBundle } from 'node:module'; const require = createRequireOfThisBundle(import.meta.url);"

const bundles = new Map<EntryName, Uint8Array>()

/**
 * The code of one function: `index.mjs`, with the AWS SDK inside because that loads faster than Lambda's own, and
 * beside it `settings.json` with this one fence. The same sources and settings give the same bytes, so a deploy with
 * nothing changed changes nothing. Needs neither Docker nor a network. Throws where the sources do not bundle.
 */
export function bundledCode(entry: EntryName, fence: FenceConfig): Code {
  const settings = settingsText(fence)
  return Code.fromAsset(dirname(sourceOf(entry)), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      image: DockerImage.fromRegistry('scratch'), // never used: the local bundling always succeeds or throws
      // CDK bundles once for each command, and cannot see what the function below closes over.
      command: [entry, settings],
      local: {
        tryBundle(folder) {
          writeFileSync(join(folder, 'index.mjs'), bundleOf(entry))
          writeFileSync(join(folder, 'settings.json'), settings)
          return true
        },
      },
    },
  })
}

/** What `readConfig` reads in the function, without what only the stack is made of; addresses stand here, never in the template. */
export function settingsText({
  notify,
  alarms,
  dashboard,
  ownKey,
  existing,
  sidecar,
  ...fence
}: FenceConfig): string {
  // Notices name the runbook; who gets them is the topic's affair.
  const told = { ...fence, notify: { runbook: notify.runbook } }
  return `${JSON.stringify({ version: 1, fences: [told] }, null, 2)}\n`
}

/** TypeScript where this file is TypeScript, and JavaScript beside the built one. */
function sourceOf(entry: EntryName): string {
  return join(dirname(HERE), '../../lambda', `${entry}${extname(HERE)}`)
}

function bundleOf(entry: EntryName): Uint8Array {
  const known = bundles.get(entry)
  if (known !== undefined) return known
  const { outputFiles } = buildSync({
    entryPoints: [sourceOf(entry)],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    mainFields: ['module', 'main'],
    minify: true,
    banner: { js: BANNER },
    logLevel: 'silent',
  })
  const bundle = outputFiles[0]!.contents
  bundles.set(entry, bundle)
  return bundle
}
