// Event log with a leak: handlers keep more alive than they need. The memory report shows where.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

type event struct {
	id      int
	at      time.Duration
	payload []byte
}

type log struct {
	recent  []*event
	byTopic map[string][]*event
	headers []string
}

// record should keep only the newest hundred events. But byTopic keeps all events, and each header keeps its whole payload alive.
func (l *log) record(topic string, e *event) {
	l.recent = append(l.recent, e)
	if len(l.recent) > 100 {
		l.recent = l.recent[len(l.recent)-100:]
	}
	l.byTopic[topic] = append(l.byTopic[topic], e)
	text := string(e.payload)
	l.headers = append(l.headers, text[:8])
}

func main() {
	events := 5000
	if len(os.Args) > 1 {
		if v, err := strconv.Atoi(os.Args[1]); err == nil {
			events = v
		}
	}
	l := &log{byTopic: map[string][]*event{}}
	topics := []string{"login", "order", "payment"}
	for i := range events {
		payload := []byte(strings.Repeat(fmt.Sprintf("%08d", i), 32))
		l.record(topics[i%len(topics)], &event{i, time.Duration(i) * time.Millisecond, payload})
	}
	bytes := 0
	for _, topic := range topics {
		for _, e := range l.byTopic[topic] {
			bytes += len(e.payload)
		}
	}
	newest := l.recent[len(l.recent)-1]
	fmt.Println("recent:", len(l.recent), "newest:", newest.id, newest.at)
	fmt.Println("headers:", len(l.headers), l.headers[42])
	fmt.Println("bytes kept by topics:", bytes)
}
