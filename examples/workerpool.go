// Worker pool: jobs through a channel, results through another, a wait group and a mutex around totals.
package main

import (
	"context"
	"fmt"
	"sort"
	"sync"
	"time"
)

type job struct {
	id    int
	input []int
}

type result struct {
	id, sum, worker int
}

func worker(ctx context.Context, id int, jobs <-chan job, results chan<- result, wg *sync.WaitGroup) {
	defer wg.Done()
	for {
		select {
		case j, ok := <-jobs:
			if !ok {
				return
			}
			sum := 0
			for _, v := range j.input {
				sum += v * v
			}
			results <- result{j.id, sum, id}
		case <-ctx.Done():
			return
		}
	}
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	jobs := make(chan job, 8)
	results := make(chan result)
	var wg sync.WaitGroup
	for id := range 4 {
		wg.Add(1)
		go worker(ctx, id, jobs, results, &wg)
	}
	go func() {
		for id := range 100 {
			input := make([]int, id+1)
			for i := range input {
				input[i] = i
			}
			jobs <- job{id, input}
		}
		close(jobs)
	}()
	go func() {
		wg.Wait()
		close(results)
	}()
	var mu sync.Mutex
	totals := map[int]int{}
	var all []result
	for r := range results {
		mu.Lock()
		totals[r.id%3] += r.sum
		mu.Unlock()
		all = append(all, r)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].id < all[j].id })
	fmt.Println("results:", len(all), "first:", all[0].sum, "last:", all[len(all)-1].sum)
	fmt.Println("totals:", totals)
}
