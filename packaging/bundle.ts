import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

export interface Bundle {
  readonly code: Uint8Array
  /** The licences of the packages that are in it. */
  readonly licenses: string
}

/** CommonJS packages within an ES module ask for `require`. */
const BANNER =
  "import { createRequire as createRequireOfThisBundle } from 'node:module'; const require = createRequireOfThisBundle(import.meta.url);"

/**
 * The command line as one ES module for Node 24, with every package inside. What is imported dynamically is inside too, and
 * begins to run only then. Identifiers keep their names, so that a stack trace can be read. Throws where the sources do not bundle.
 */
export async function bundleOf(root: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['bin/sipfence.ts'],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    banner: { js: BANNER },
    logLevel: 'silent',
  })
  return { code: outputFiles[0]!.contents, licenses: licensesOf(root, Object.keys(metafile.inputs)) }
}

/** Each licence text once, below the packages that it is of. */
function licensesOf(root: string, inputs: readonly string[]): string {
  const packages = new Set(
    inputs.flatMap((input) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? []),
  )
  const byText = new Map<string, string[]>()
  for (const folder of [...packages].sort()) {
    const { name, version, license } = JSON.parse(
      readFileSync(join(root, folder, 'package.json'), 'utf8'),
    ) as {
      readonly [field in 'name' | 'version' | 'license']: string
    }
    const text = licenseText(join(root, folder)) ?? `${license}, says its package.json.`
    byText.set(text, [...(byText.get(text) ?? []), `${name} ${version}`])
  }
  const parts = [...byText].map(([text, names]) => `${names.join('\n')}\n\n${text.trim()}\n`)
  return parts.join(`\n${'='.repeat(80)}\n\n`)
}

function licenseText(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined
  const names = readdirSync(folder).filter((name) => /^(licen[cs]e|notice)(\.(md|txt))?$/i.test(name))
  return names.length === 0
    ? undefined
    : names
        .sort()
        .map((name) => readFileSync(join(folder, name), 'utf8'))
        .join('\n')
}
