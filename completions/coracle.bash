# bash completion for coracle; load it with: source <(coracle completion bash)

_coracle() {
    local words current prefix candidate
    # Bash cuts words at = and : too; the line is what was typed.
    read -ra words <<<"${COMP_LINE:0:COMP_POINT}"
    [[ "${COMP_LINE:0:COMP_POINT}" == *[[:space:]] ]] && words+=("")
    current=${words[${#words[@]} - 1]}
    prefix=${current%"${current##*[=:]}"}
    COMPREPLY=()
    while IFS=$'\t' read -r candidate _; do
        COMPREPLY+=("${candidate#"$prefix"}")
    done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
    # A directory, or a container in front of its path, goes on.
    [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[/:] ]] && compopt -o nospace 2>/dev/null
    return 0
}

complete -o default -F _coracle coracle
