/** The scripts that `completion` prints; each asks `coracle __complete` and offers files where that has nothing. */

const bash = `# bash completion for coracle; load it with: source <(coracle completion bash)

_coracle() {
    local words current prefix candidate
    # Bash cuts words at = and : too; the line is what was typed.
    read -ra words <<<"\${COMP_LINE:0:COMP_POINT}"
    [[ "\${COMP_LINE:0:COMP_POINT}" == *[[:space:]] ]] && words+=("")
    current=\${words[\${#words[@]} - 1]}
    prefix=\${current%"\${current##*[=:]}"}
    COMPREPLY=()
    while IFS=$'\\t' read -r candidate _; do
        COMPREPLY+=("\${candidate#"$prefix"}")
    done < <("\${words[0]}" __complete "\${words[@]:1}" 2>/dev/null)
    # A directory, or a container in front of its path, goes on.
    [[ \${#COMPREPLY[@]} == 1 && \${COMPREPLY[0]} == *[/:] ]] && compopt -o nospace 2>/dev/null
    return 0
}

complete -o default -F _coracle coracle
`;

const zsh = `#compdef coracle
# zsh completion for coracle; put it into a folder of $fpath as _coracle, or: source <(coracle completion zsh)

_coracle() {
    local -a candidates ending
    local line value
    for line in "\${(@f)$(\${words[1]} __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        [[ -n "$line" ]] || continue
        value="\${line%%$'\\t'*}"
        candidates+=("\${value//:/\\\\:}:\${line#*$'\\t'}")
    done
    if (( \${#candidates} )); then
        [[ \${#candidates} == 1 && "$value" == *[/:] ]] && ending=(-S '')
        _describe -V coracle candidates "\${(@)ending}"
    else
        _files
    fi
}

if [[ "\${funcstack[1]}" == "_coracle" ]]; then
    _coracle "$@"
else
    compdef _coracle coracle
fi
`;

const fish = `# fish completion for coracle; load it with: coracle completion fish | source

function __coracle_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l candidates ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
    if test (count $candidates) -gt 0
        printf '%s\\n' $candidates
    else
        __fish_complete_path "$current"
    end
end

complete -c coracle -f -k -a '(__coracle_complete)'
`;

export const shells: Readonly<Record<string, string>> = { bash, zsh, fish };

/** The script for a shell; undefined for one that isn't known. */
export function shellScript(name: string, noDescriptions = false): string | undefined {
  if (!Object.hasOwn(shells, name)) return undefined;
  return noDescriptions ? shells[name]?.replace("2>/dev/null", "2>/dev/null | cut -f 1") : shells[name];
}
