/**
 * The scripts that `completion` prints. Each asks `coracle __complete`, which answers a line for each candidate and, as
 * the last one, `:` and a number: 2 means no space behind the candidate, 4 no files where there is none.
 */

const bash = `# bash completion for coracle; load it with: source <(coracle completion bash)

_coracle() {
    local words current prefix candidate answer directive
    # Bash cuts words at = and : too; the line is what was typed.
    read -ra words <<<"\${COMP_LINE:0:COMP_POINT}"
    [[ "\${COMP_LINE:0:COMP_POINT}" == *[[:space:]] ]] && words+=("")
    current=\${words[\${#words[@]} - 1]}
    [[ $current == --*=* ]] && current=\${current#*=}
    prefix=\${current%"\${current##*[=:]}"}
    COMPREPLY=()
    mapfile -t answer < <("\${words[0]}" __complete "\${words[@]:1}" 2>/dev/null)
    ((\${#answer[@]})) || return 0
    directive=\${answer[\${#answer[@]} - 1]#:}
    unset "answer[\${#answer[@]} - 1]"
    for candidate in "\${answer[@]}"; do
        candidate=\${candidate%%$'\\t'*}
        COMPREPLY+=("\${candidate#"$prefix"}")
    done
    ((directive & 2)) && compopt -o nospace 2>/dev/null
    ((directive & 4)) && compopt +o default 2>/dev/null
    return 0
}

complete -o default -F _coracle coracle
`;

const zsh = `#compdef coracle
# zsh completion for coracle; put it into a folder of $fpath as _coracle, or: source <(coracle completion zsh)

_coracle() {
    local -a answer candidates ending
    local line value directive
    answer=("\${(@f)$(\${words[1]} __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
    directive="\${answer[-1]#:}"
    for line in "\${(@)answer[1,-2]}"; do
        value="\${line%%$'\\t'*}"
        candidates+=("\${value//:/\\\\:}:\${line#*$'\\t'}")
    done
    [[ "\${words[CURRENT]}" == --*=* ]] && compset -P "\${(b)words[CURRENT]%%=*}="
    if (( \${#candidates} )); then
        (( directive & 2 )) && ending=(-S '')
        _describe -V coracle candidates "\${(@)ending}"
    elif ! (( directive & 4 )); then
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
    set -l answer ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
    set -l directive (string replace ':' '' -- $answer[-1])
    set -e answer[-1]
    set -l flag (string match -r -- '^--[^=]+=' "$current")
    set -q flag[1]; or set flag ''
    if test (count $answer) -gt 0
        printf '%s\\n' $flag$answer
    else if test (math "floor($directive / 4) % 2") -eq 0
        __fish_complete_path "$current"
    end
end

complete -c coracle -f -k -a '(__coracle_complete)'
`;

const powershell = `# PowerShell completion for coracle; load it with: coracle completion powershell | Out-String | Invoke-Expression

Register-ArgumentCompleter -Native -CommandName coracle -ScriptBlock {
    param($current, $line, $position)
    $typed = "$line".PadRight($position).Substring(0, $position)
    $words = @($typed -split '\\s+' | Where-Object { $_ -ne '' })
    if ($typed -match '\\s$') { $words += '' }
    $program = $words[0]
    $rest = @($words | Select-Object -Skip 1)
    $answer = @(& $program __complete @rest 2>$null)
    $flag = if ($current -match '^--[^=]+=') { $Matches[0] } else { '' }
    $answer | Select-Object -SkipLast 1 | ForEach-Object {
        $value, $about = $_ -split "\`t", 2
        if (-not $about) { $about = $value }
        [System.Management.Automation.CompletionResult]::new("$flag$value", $value, 'ParameterValue', $about)
    }
}
`;

export const shells: Readonly<Record<string, string>> = { bash, fish, powershell, zsh };

/** The script for a shell and a name of the program; undefined for a shell that isn't known. */
export function shellScript(shell: string, program: string, noDescriptions = false): string | undefined {
  if (!Object.hasOwn(shells, shell)) return undefined;
  const script = (shells[shell] as string).replaceAll("coracle", program);
  return noDescriptions ? script.replace("__complete ", "__completeNoDesc ") : script;
}
