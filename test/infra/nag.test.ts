import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { App, type Stack, Validations } from 'aws-cdk-lib/core'
import { AwsSolutionsChecks } from 'cdk-nag'
import { expect, test } from 'vitest'
import { SipFenceStack } from '../../lib/infra/sipfence-stack.ts'
import { FENCE, fenceWith, TIERS } from './synth.ts'

/** What the AwsSolutions rules of cdk-nag say against a stack of the fence, by rule. */
function findings(over: object, more: (stack: Stack) => void = () => undefined): readonly string[] {
  const outdir = mkdtempSync(join(tmpdir(), 'sipfence-nag-'))
  try {
    const app = new App({ outdir, context: { 'aws:cdk:bundling-stacks': [] } })
    const fence = fenceWith(over)
    const env = { region: FENCE.region, account: FENCE.account }
    more(new SipFenceStack(app, 'SipFence-pbx', { fence, env }))
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
    try {
      app.synth()
    } catch (error) {
      if ((error as Error).name !== 'ValidationFailed') throw error
    }
    const report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8'))
    return findingsIn(report)
  } finally {
    rmSync(outdir, { recursive: true })
  }
}

interface Report {
  readonly pluginReports: readonly {
    readonly conclusion?: string
    readonly summary?: { readonly pluginName?: string }
    readonly violations: readonly { readonly ruleName: string; readonly severity?: string }[]
  }[]
}

function findingsIn({ pluginReports }: Report): readonly string[] {
  return pluginReports.flatMap(({ violations }) => violations.map(({ ruleName }) => ruleName))
}

test.each([
  ['with a network ACL only', {}],
  [
    'with every tier, dashboard and e-mail',
    { firewalls: TIERS, dashboard: true, notify: { emails: ['a@example.org'] } },
  ],
  ['with a key of its own', { ownKey: true }],
  ['with the PBX’s own role', { instanceRole: 'pbx' }],
])('cdk-nag finds nothing that is not acknowledged with a reason %s', (_, over) => {
  expect(findings(over)).toEqual([])
})

test('nor with the sidecar kept installed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sipfence-tarballs-'))
  writeFileSync(join(folder, 'sipfence-sidecar-0.1.0-linux-x64.tar.gz'), '')
  try {
    expect(findings({ sidecar: { folder } })).toEqual([])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('and does find a bucket that anybody could read', () => {
  expect(findings({}, (stack) => new Bucket(stack, 'Open')).length).toBeGreaterThan(0)
})
