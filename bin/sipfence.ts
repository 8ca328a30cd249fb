#!/usr/bin/env node
import { main } from '../lib/commands/main.ts'

process.exitCode = await main(process.argv)
