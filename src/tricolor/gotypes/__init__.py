"""Go's types and what the language says about them, as in go/types: the types themselves, interned; fields and methods by name;
sizes and layouts on amd64. Front end, IR and everything above share them."""
