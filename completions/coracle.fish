# fish completion for coracle; load it with: coracle completion fish | source

function __coracle_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l candidates ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
    if test (count $candidates) -gt 0
        printf '%s\n' $candidates
    else
        __fish_complete_path "$current"
    end
end

complete -c coracle -f -k -a '(__coracle_complete)'
