# bash completion for coracle; load it with: source <(coracle completion bash)

_coracle() {
    local words current prefix candidate answer directive
    # Bash cuts words at = and : too; the line is what was typed.
    read -ra words <<<"${COMP_LINE:0:COMP_POINT}"
    [[ "${COMP_LINE:0:COMP_POINT}" == *[[:space:]] ]] && words+=("")
    current=${words[${#words[@]} - 1]}
    [[ $current == --*=* ]] && current=${current#*=}
    prefix=${current%"${current##*[=:]}"}
    COMPREPLY=()
    mapfile -t answer < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
    ((${#answer[@]})) || return 0
    directive=${answer[${#answer[@]} - 1]#:}
    unset "answer[${#answer[@]} - 1]"
    for candidate in "${answer[@]}"; do
        candidate=${candidate%%$'\t'*}
        COMPREPLY+=("${candidate#"$prefix"}")
    done
    ((directive & 2)) && compopt -o nospace 2>/dev/null
    ((directive & 4)) && compopt +o default 2>/dev/null
    return 0
}

complete -o default -F _coracle coracle
