# fish completion for coracle; load it with: coracle completion fish | source

function __coracle_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l answer ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
    set -l directive (string replace ':' '' -- $answer[-1])
    set -e answer[-1]
    set -l flag (string match -r -- '^--[^=]+=' "$current")
    set -q flag[1]; or set flag ''
    if test (count $answer) -gt 0
        printf '%s\n' $flag$answer
    else if test (math "floor($directive / 4) % 2") -eq 0
        __fish_complete_path "$current"
    end
end

complete -c coracle -f -k -a '(__coracle_complete)'
