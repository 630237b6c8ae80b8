// JSON transform: decode orders, total them by customer, encode a summary.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
)

type item struct {
	Name     string  `json:"name"`
	Price    float64 `json:"price"`
	Quantity int     `json:"quantity,omitempty"`
}

type order struct {
	ID       int               `json:"id"`
	Customer string            `json:"customer"`
	Items    []item            `json:"items"`
	Labels   map[string]string `json:"labels,omitempty"`
	Note     *string           `json:"note"`
}

type summary struct {
	Customer string   `json:"customer"`
	Orders   []int    `json:"orders"`
	Total    float64  `json:"total"`
	Notes    []string `json:"notes,omitempty"`
}

const input = `[
  {"id": 1, "customer": "Ada", "items": [{"name": "valve", "price": 12.5, "quantity": 4}], "note": "fragile"},
  {"id": 2, "customer": "Grace", "items": [{"name": "relay", "price": 7.25, "quantity": 10}, {"name": "moth", "price": 0}], "labels": {"kind": "bug"}},
  {"id": 3, "customer": "Ada", "items": [{"name": "card \u00e9\u2713", "price": 0.01, "quantity": 1000}], "note": null}
]`

func main() {
	var orders []order
	if err := json.NewDecoder(strings.NewReader(input)).Decode(&orders); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	byCustomer := map[string]*summary{}
	for _, o := range orders {
		s := byCustomer[o.Customer]
		if s == nil {
			s = &summary{Customer: o.Customer}
			byCustomer[o.Customer] = s
		}
		s.Orders = append(s.Orders, o.ID)
		for _, it := range o.Items {
			s.Total += it.Price * float64(it.Quantity)
		}
		if o.Note != nil {
			s.Notes = append(s.Notes, *o.Note)
		}
	}
	list := make([]*summary, 0, len(byCustomer))
	for _, s := range byCustomer {
		list = append(list, s)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Customer < list[j].Customer })
	out, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(string(out))
	var anything any
	if err := json.Unmarshal([]byte(`{"a": [1, 2.5, "x", null, true], "b": {}}`), &anything); err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%v\n", anything)
	fmt.Println(json.Unmarshal([]byte(`{"id": "one"}`), &order{}))
}
