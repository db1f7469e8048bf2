import type { Command } from 'commander';
import { UsageError } from '../errors.ts';
import { HOST_NAMES } from '../exec.ts';
import { BOOLEAN_FLAGS, GO_COMMANDS, type GoCommand, TEST_FLAGS, VALUE_FLAGS } from '../go-flags.ts';
import { choices, ownFlag } from '../options.ts';

/** A flag as it is typed, dashes included, or with a `=` and a value behind it. */
interface Completed {
  name: string;
  summary: string;
  flags: string[];
}

/** What can follow each command: from commander's tables, and for go's commands from those of go's flags. */
function completed(program: Command): Completed[] {
  return [
    ...program.commands.map((command) => {
      const name = command.name();
      const own = command.options.flatMap(({ long, required, optional }) => {
        const flag = long!.slice(1);
        return required || optional ? [`${flag}=`, ...values(flag.slice(1))] : [flag];
      });
      const flags = isGoCommand(name) ? goFlags(name) : name === 'serve' ? serveFlags() : own;
      return { name, summary: command.summary(), flags: [...new Set([...flags, '-help'])].sort() };
    }),
    { name: 'help', summary: 'prints help', flags: [] },
  ];
}

function isGoCommand(name: string): name is GoCommand {
  return GO_COMMANDS.some((command) => command === name);
}

/** go's flags of a command, and ours. */
function goFlags(command: GoCommand): string[] {
  const forTests = command === 'test';
  const usual = (flag: string) => forTests || !TEST_FLAGS.has(flag);
  const ours = Object.keys(choices()).flatMap((flag) =>
    ownFlag(flag) === 'boolean' ? [`-${flag}`] : [`-${flag}=`, ...values(flag)],
  );
  return [
    ...[...BOOLEAN_FLAGS].filter(usual).map((flag) => `-${flag}`),
    ...[...VALUE_FLAGS].filter(usual).map((flag) => `-${flag}=`),
    ...ours,
    '-verbose',
    ...(command === 'run' || forTests ? ['-host=', ...HOST_NAMES.map((name) => `-host=${name}`)] : []),
    ...(command === 'build' ? ['-emit=wasm', '-emit=module'] : []),
  ];
}

/** What `go-wasm serve` takes beside what a build takes. */
function serveFlags(): string[] {
  return [...goFlags('build').filter((flag) => !/^-(emit|o)=/.test(flag)), '-addr=', '-dir=', '-isolated'];
}

function values(flag: string): string[] {
  return (choices()[flag] ?? []).map((value) => `-${flag}=${value}`);
}

const SHELLS: Readonly<Record<string, (commands: readonly Completed[]) => string>> = {
  bash: (commands) => `# bash completion for go-wasm: eval "$(go-wasm completion bash)"
_go_wasm() {
  # The word as it was typed: for bash, a = ends a word.
  local line="\${COMP_LINE:0:COMP_POINT}" word words
  word="\${line##*[[:space:]]}"
  if [[ "$line" =~ ^[[:space:]]*[^[:space:]]+[[:space:]]+[^[:space:]]*$ ]]; then
    words="${names(commands)}"
  else
    case "\${COMP_WORDS[1]}" in
${commands.map(({ name, flags }) => `      ${name}) words="${(name === 'help' ? names(commands) : flags.join(' ')).trim()}" ;;`).join('\n')}
    esac
    [[ "$word" == -* || "\${COMP_WORDS[1]}" == help ]] || return
  fi
  word="\${word/#--/-}"
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  [[ \${#COMPREPLY[@]} == 1 && "\${COMPREPLY[0]}" == *= ]] && compopt -o nospace
  [[ "$word" == *=* ]] && COMPREPLY=("\${COMPREPLY[@]#*=}")
}
complete -o default -F _go_wasm go-wasm
`,
  zsh: (commands) => `#compdef go-wasm
# zsh completion for go-wasm: eval "$(go-wasm completion zsh)"
_go_wasm() {
  local -a words_of
  if (( CURRENT == 2 )); then
    words_of=(${commands.map(({ name, summary }) => quote(`${name}:${summary.replaceAll(':', '\\:')}`)).join(' ')})
    _describe command words_of
    return
  fi
  case "$words[2]" in
${commands.map(({ name, flags }) => `    ${name}) words_of=(${name === 'help' ? names(commands) : flags.join(' ')}) ;;`).join('\n')}
  esac
  [[ "$PREFIX" == --* ]] && PREFIX="\${PREFIX#-}"
  if [[ "$PREFIX" == -* || "$words[2]" == help ]]; then
    compadd -S ' ' -- \${words_of:#*=}
    compadd -S '' -- \${(M)words_of:#*=}
  else
    _files
  fi
}
compdef _go_wasm go-wasm
`,
  fish: (commands) => `# fish completion for go-wasm: go-wasm completion fish | source
${commands.map(({ name, summary }) => `complete -c go-wasm -f -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`).join('\n')}
complete -c go-wasm -f -n '__fish_seen_subcommand_from help' -a ${quote(names(commands))}
# The flags of a command, with one dash or two, as they are typed.
function __go_wasm_flags
  switch (commandline -ct)
    case '--*'
      printf '%s\\n' -$argv
    case '-*'
      printf '%s\\n' $argv
  end
end
${commands
  .filter(({ flags }) => flags.length > 0)
  .map(
    ({ name, flags }) =>
      `complete -c go-wasm -n '__fish_seen_subcommand_from ${name}' -a ${quote(`(__go_wasm_flags ${flags.join(' ')})`)}`,
  )
  .join('\n')}
`,
  powershell: (
    commands,
  ) => `# PowerShell completion for go-wasm: go-wasm completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName go-wasm -ScriptBlock {
  param($word, $ast, $cursor)
  $commands = @{
${commands.map(({ name, flags }) => `    '${name}' = @(${flags.map((flag) => `'${flag}'`).join(', ')})`).join('\n')}
  }
  $given = $ast.CommandElements
  $first = $given.Count -lt 2 -or ($given.Count -eq 2 -and $word -ne '')
  $words = if ($first) { $commands.Keys | Sort-Object } else { $commands["$($given[1])"] }
  $words | Where-Object { $_ -like "$($word -replace '^--', '-')*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`,
};

function names(commands: readonly Completed[]): string {
  return commands.map(({ name }) => name).join(' ');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** `go-wasm completion SHELL`: prints what a shell needs to complete commands, flags and their values. */
export function completionCommand(program: Command, shell: string): void {
  const write = SHELLS[shell];
  if (!write) {
    throw new UsageError('GW5001', `there is no completion for ${shell}`, {
      hint: `one of ${Object.keys(SHELLS).join(', ')}`,
    });
  }
  process.stdout.write(write(completed(program)));
}
