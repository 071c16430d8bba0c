use super::{Node, function_name};
use crate::flags::Completes;

/// The function walks the words to the command it is in, then offers what that command takes.
pub(super) fn script(program: &str, nodes: &[Node]) -> String {
    let function = function_name(program);
    let mut subcommands = String::new();
    let mut flags = String::new();
    let mut values = String::new();
    for node in nodes {
        let names: Vec<_> =
            node.subcommands.iter().map(|command| command.name).chain(node.words.iter().copied()).collect();
        subcommands.push_str(&format!(
            "    '{}') words='{}' files={} ;;\n",
            node.path,
            names.join(" "),
            i32::from(node.files)
        ));
        let names = node
            .flags
            .iter()
            .map(|spec| if spec.stands_alone() { format!("-{}", spec.name) } else { format!("-{}=", spec.name) });
        let names: Vec<_> = names.collect();
        if !names.is_empty() {
            flags.push_str(&format!("    '{}') words='{}' ;;\n", node.path, names.join(" ")));
        }
        for spec in &node.flags {
            let offer = match spec.completes {
                Completes::Words(words) => format!("words='{}'", words.join(" ")),
                Completes::Files => "files=1".to_owned(),
                Completes::Folders => "folders=1".to_owned(),
                Completes::Nothing => continue,
            };
            values.push_str(&format!("    '{} -{}') {offer} ;;\n", node.path, spec.name));
        }
    }
    format!(
        r#"{function}() {{
  local cur words= files=0 folders=0 path= flag= i word
  cur="${{COMP_WORDS[COMP_CWORD]}}"
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="${{COMP_WORDS[i]}}"
    case "$word" in
      -*|=) continue ;;
    esac
    [ "${{COMP_WORDS[i-1]}}" = "=" ] && continue
    case " $({function}_subcommands "${{path}}") " in
      *" $word "*) path="${{path:+$path }}$word" ;;
    esac
  done
  # "=" is a word of its own: the flag stands before it.
  if [ "$cur" = "=" ]; then
    flag="${{COMP_WORDS[COMP_CWORD-1]}}" cur=
  elif [ "$COMP_CWORD" -gt 1 ] && [ "${{COMP_WORDS[COMP_CWORD-1]}}" = "=" ]; then
    flag="${{COMP_WORDS[COMP_CWORD-2]}}"
  fi
  if [ -n "$flag" ]; then
    case "$path -${{flag##*-}}" in *) flag="-$(printf '%s' "$flag" | sed 's/^-*//')" ;; esac
    case "$path $flag" in
{values}    esac
  elif [ "${{cur#-}}" != "$cur" ]; then
    case "$path" in
{flags}    esac
    compopt -o nospace 2>/dev/null
  else
    case "$path" in
{subcommands}    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  [ "$files" = 1 ] && COMPREPLY+=($(compgen -f -- "$cur"))
  [ "$folders" = 1 ] && COMPREPLY+=($(compgen -d -- "$cur"))
  return 0
}}
{function}_subcommands() {{
  local words= files=0
  case "$1" in
{subcommands}  esac
  printf '%s' "$words"
}}
complete -F {function} {program}
"#
    )
}
