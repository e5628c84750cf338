# Completion of hookbus for bash; made by 'hookbus completion bash'. Source it, or put it into
# /usr/share/bash-completion/completions/hookbus.
declare -gA _hookbus_flags=(
    ["run"]=" --workers --config --json --help"
    ["api"]=" --config --json --help"
    ["dispatcher"]=" --workers --reset-offsets --config --json --help"
    ["catalog"]=" --reset-offsets --config --json --help"
    ["salesmanago"]=" --config --json --help"
    ["publish"]=" --subject --data --id --changed --time --sequence --traceparent --file --store --config --api --key-file --json --help"
    ["event list"]=" --subject --type --since --limit --store --config --api --key-file --json --help"
    ["event show"]=" --since --store --config --api --key-file --json --help"
    ["event tail"]=" --store --config --api --key-file --json --help"
    ["delivery list"]=" --webhook --state --reason --type --event --subject --since --until --limit --count --deep --store --config --api --key-file --json --help"
    ["delivery show"]=" --store --config --api --key-file --json --help"
    ["delivery retry"]=" --webhook --state --reason --type --event --subject --since --until --yes --store --config --api --key-file --json --help"
    ["delivery cancel"]=" --webhook --state --reason --type --event --subject --since --until --yes --store --config --api --key-file --json --help"
    ["top"]=" --once --store --config --api --key-file --json --help"
    ["store add"]=" --name --check-schemas --config --api --key-file --json --help"
    ["store list"]=" --config --api --key-file --json --help"
    ["store show"]=" --config --api --key-file --json --help"
    ["store set"]=" --name --check-schemas --revision --config --api --key-file --json --help"
    ["store remove"]=" --yes --revision --config --api --key-file --json --help"
    ["webhook add"]=" --events --changed --filter --format --header --timeout-ms --name --order --on-dead --rate --schedule --secret --store --config --api --key-file --json --help"
    ["webhook list"]=" --store --config --api --key-file --json --help"
    ["webhook show"]=" --store --config --api --key-file --json --help"
    ["webhook set"]=" --url --events --changed --filter --format --header --timeout-ms --name --order --on-dead --rate --schedule --secret --revision --store --config --api --key-file --json --help"
    ["webhook remove"]=" --yes --revision --store --config --api --key-file --json --help"
    ["webhook pause"]=" --store --config --api --key-file --json --help"
    ["webhook resume"]=" --store --config --api --key-file --json --help"
    ["webhook enable"]=" --store --config --api --key-file --json --help"
    ["webhook disable"]=" --store --config --api --key-file --json --help"
    ["webhook wake"]=" --store --config --api --key-file --json --help"
    ["webhook health"]=" --store --config --api --key-file --json --help"
    ["webhook rotate-secret"]=" --overlap-s --store --config --api --key-file --json --help"
    ["webhook test"]=" --type --store --config --api --key-file --json --help"
    ["webhook test-filter"]=" --filter --data --store --config --api --key-file --json --help"
    ["key add"]=" --store --scope --name --expires --config --api --key-file --json --help"
    ["key list"]=" --store --config --api --key-file --json --help"
    ["key show"]=" --store --config --api --key-file --json --help"
    ["key remove"]=" --store --yes --config --api --key-file --json --help"
    ["replay"]=" --webhook --state --missing --since --until --type --subject --event --rate --once --dry-run --wait --no-wait --store --config --api --key-file --json --help"
    ["replay create"]=" --webhook --state --missing --since --until --type --subject --event --rate --once --dry-run --wait --no-wait --store --config --api --key-file --json --help"
    ["replay list"]=" --webhook --store --config --api --key-file --json --help"
    ["replay show"]=" --store --config --api --key-file --json --help"
    ["replay watch"]=" --store --config --api --key-file --json --help"
    ["replay pause"]=" --store --config --api --key-file --json --help"
    ["replay resume"]=" --store --config --api --key-file --json --help"
    ["replay cancel"]=" --store --config --api --key-file --json --help"
    ["salesmanago connect"]=" --salesmanago-key-file --catalog --create --currency --location --default --language --name --base-url --revision --store --config --api --key-file --json --help"
    ["salesmanago status"]=" --watch --store --config --api --key-file --json --help"
    ["salesmanago sync"]=" --full --restart --no-wait --store --config --api --key-file --json --help"
    ["salesmanago pause"]=" --store --config --api --key-file --json --help"
    ["salesmanago resume"]=" --store --config --api --key-file --json --help"
    ["salesmanago disconnect"]=" --yes --revision --store --config --api --key-file --json --help"
    ["salesmanago catalogs"]=" --store --config --api --key-file --json --help"
    ["salesmanago mapping show"]=" --own --store --config --api --key-file --json --help"
    ["salesmanago mapping set"]=" --revision --store --config --api --key-file --json --help"
    ["salesmanago mapping reset"]=" --revision --store --config --api --key-file --json --help"
    ["salesmanago mapping test"]=" --mapping --data-file --store --config --api --key-file --json --help"
    ["salesmanago dead"]=" --store --config --api --key-file --json --help"
    ["salesmanago dead list"]=" --store --config --api --key-file --json --help"
    ["salesmanago dead replay"]=" --store --config --api --key-file --json --help"
    ["topics list"]=" --config --json --help"
    ["topics create"]=" --config --json --help"
    ["topics check"]=" --config --json --help"
    ["config check"]=" --config --json --help"
    ["config print"]=" --config --json --help"
    ["config reference"]=" --json --help"
    ["doctor"]=" --config --json --help"
    ["secrets init"]=" --json --help"
    ["secrets add"]=" --json --help"
    ["secrets rotate"]=" --config --api --key-file --json --help"
    ["listen"]=" --port --listen --secret --status --delay-ms --count --record --json --help"
    ["completion"]=" --json --help"
    ["version"]=" --json --help"
)
_hookbus() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} word name= key words=
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        [[ $word == -* ]] && break
        for key in "${!_hookbus_flags[@]}"; do
            if [[ $key == "${name:+$name }$word" || $key == "${name:+$name }$word "* ]]; then name="${name:+$name }$word"; break; fi
        done
    done
    case $previous in
        --config | -c | --key-file | --salesmanago-key-file | --mapping | --data-file | --record | --output) COMPREPLY=($(compgen -f -- "$current")); return ;;
    esac
    for key in "${!_hookbus_flags[@]}"; do
        if [[ -z $name ]]; then words+=" ${key%% *}"
        elif [[ $key == "$name "* ]]; then key=${key#"$name "}; words+=" ${key%% *}"; fi
    done
    [[ -n $name ]] && words+=" ${_hookbus_flags[$name]:-}"
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    [[ ${#COMPREPLY[@]} -gt 0 || $current != @* ]] || COMPREPLY=($(compgen -f -P @ -- "${current#@}"))
}
complete -F _hookbus hookbus
