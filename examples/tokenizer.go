// Tokenizer and calculator: a state machine over runes, a precedence parser, errors with positions.
package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

type kind int

const (
	number kind = iota
	name
	operator
	end
)

func (k kind) String() string { return [...]string{"number", "name", "operator", "end"}[k] }

type token struct {
	kind kind
	text string
	at   int
}

type syntaxError struct {
	at   int
	what string
}

func (e *syntaxError) Error() string { return fmt.Sprintf("%d: %s", e.at, e.what) }

func tokens(source string) ([]token, error) {
	var out []token
	for at := 0; at < len(source); {
		r, size := utf8.DecodeRuneInString(source[at:])
		start := at
		switch {
		case unicode.IsSpace(r):
			at += size
			continue
		case unicode.IsDigit(r):
			for at < len(source) && (source[at] >= '0' && source[at] <= '9' || source[at] == '.') {
				at++
			}
			out = append(out, token{number, source[start:at], start})
		case unicode.IsLetter(r):
			for at < len(source) {
				r, size := utf8.DecodeRuneInString(source[at:])
				if !unicode.IsLetter(r) {
					break
				}
				at += size
			}
			out = append(out, token{name, source[start:at], start})
		case strings.ContainsRune("+-*/()^", r):
			at += size
			out = append(out, token{operator, source[start:at], start})
		default:
			return nil, &syntaxError{at, fmt.Sprintf("unexpected %q", r)}
		}
	}
	return append(out, token{end, "", len(source)}), nil
}

type parser struct {
	tokens []token
	names  map[string]float64
}

func (p *parser) next() token {
	t := p.tokens[0]
	if t.kind != end {
		p.tokens = p.tokens[1:]
	}
	return t
}

var precedence = map[string]int{"+": 1, "-": 1, "*": 2, "/": 2, "^": 3}

func (p *parser) expression(least int) float64 {
	left := p.operand()
	for {
		t := p.tokens[0]
		own := precedence[t.text]
		if t.kind != operator || own == 0 || own < least {
			return left
		}
		p.next()
		right := p.expression(own + 1)
		switch t.text {
		case "+":
			left += right
		case "-":
			left -= right
		case "*":
			left *= right
		case "/":
			if right == 0 {
				panic(&syntaxError{t.at, "division by zero"})
			}
			left /= right
		case "^":
			power := 1.0
			for range int(right) {
				power *= left
			}
			left = power
		}
	}
}

func (p *parser) operand() float64 {
	switch t := p.next(); {
	case t.kind == number:
		v, err := strconv.ParseFloat(t.text, 64)
		if err != nil {
			panic(&syntaxError{t.at, err.Error()})
		}
		return v
	case t.kind == name:
		v, ok := p.names[t.text]
		if !ok {
			panic(&syntaxError{t.at, "unknown name " + t.text})
		}
		return v
	case t.text == "-":
		return -p.operand()
	case t.text == "(":
		v := p.expression(1)
		if closing := p.next(); closing.text != ")" {
			panic(&syntaxError{closing.at, "missing )"})
		}
		return v
	default:
		panic(&syntaxError{t.at, fmt.Sprintf("unexpected %v %q", t.kind, t.text)})
	}
}

func evaluate(source string) (value float64, err error) {
	defer func() {
		if r := recover(); r != nil {
			fault, ok := r.(*syntaxError)
			if !ok {
				panic(r)
			}
			err = fmt.Errorf("evaluate %q: %w", source, fault)
		}
	}()
	list, err := tokens(source)
	if err != nil {
		return 0, err
	}
	p := &parser{list, map[string]float64{"pi": 3.14159, "größe": 42}}
	value = p.expression(1)
	if t := p.next(); t.kind != end {
		return 0, &syntaxError{t.at, "trailing " + t.text}
	}
	return value, nil
}

func main() {
	for _, source := range []string{
		"1 + 2 * 3", "(1 + 2) * 3", "2 ^ 10 - -4", "2 * pi", "größe / 4", "1 / 0", "(1", "x + 1", "3 $ 4", "1.2.3", "7 8",
	} {
		value, err := evaluate(source)
		var fault *syntaxError
		switch {
		case errors.As(err, &fault):
			fmt.Println("error at", fault.at, "-", err)
		case err != nil:
			fmt.Println("error:", err)
		default:
			fmt.Println(source, "=", value)
		}
	}
}
