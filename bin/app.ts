import { App } from 'aws-cdk-lib/core'
import { ConfigError } from '../lib/config.ts'
import { addFences } from '../lib/infra/fences.ts'

const app = new App({ autoSynth: false })
try {
  addFences(app, process.env['CDK_DEFAULT_ACCOUNT'])
  app.synth()
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
