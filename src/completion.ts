import type { Command } from 'commander';

export const SHELLS = ['bash', 'zsh'] as const;

/** @returns a script for the shell that completes commands, options and file names */
export function completionScript(program: Command, shell: (typeof SHELLS)[number]): string {
  const name = program.name();
  const commands = program.commands.map((command) => {
    const options = command.options.flatMap(({ short, long }) =>
      [short, long].filter((flag) => flag !== undefined),
    );
    const choices = command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices);
    return `    ${command.name()}) options='${[...options, '--help'].join(' ')}' words='${choices.join(' ')}' ;;`;
  });
  const names = program.commands.map((command) => command.name()).join(' ');
  // zsh runs the functions of bash.
  const start = shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : '';
  return `${start}_${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" options words
  case "\${COMP_WORDS[1]}" in
${commands.join('\n')}
    *) options='--help --version' words='${names}' ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then options='--help --version' words='${names}'; fi
  # Without words, the shell offers the names of files.
  case "$current" in -*) words="$options" ;; esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _${name} ${name}
`;
}
