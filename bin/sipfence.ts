#!/usr/bin/env node
import { hearSignals } from '../lib/commands/sidecar-end.ts'

// Loading the commands takes a second, or several on a cold disk. A sidecar that is told to end meanwhile does so, and well;
// every other command, and a mere check, ends as programs do.
const [, , command, ...options] = process.argv
const end = command === 'sidecar' && !options.includes('--check') ? hearSignals() : undefined

// The AWS SDK that is pinned here runs on Node 20; that a later one will not is news for us, not for people.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
const { main } = await import('../lib/commands/main.ts')
process.exitCode = await main(process.argv, end)
