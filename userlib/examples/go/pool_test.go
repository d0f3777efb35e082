// SPDX-License-Identifier: MIT

package main

import "testing"

// Every job comes out once, doubled.
func TestDoubles(t *testing.T) {
	p := startPool(3, 5)
	go func() {
		for job := 0; job < 1000; job++ {
			p.submit(job)
		}
		p.stop()
	}()
	seen := make([]int, 2000)
	for result := range p.results {
		seen[result]++
	}
	for i, n := range seen {
		if n != 1-i%2 {
			t.Errorf("result %d came %d times", i, n)
		}
	}
}

// The queue takes five jobs before anybody works, and stopping finishes them.
func TestStopFinishesQueue(t *testing.T) {
	p := &pool{jobs: make(chan int, 5), results: make(chan int, 5)}
	for job := 1; job <= 5; job++ {
		p.submit(job)
	}
	p.workers.Add(1)
	go p.work()
	p.stop()
	for want := 2; want <= 10; want += 2 {
		if got := <-p.results; got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	}
	if _, ok := <-p.results; ok {
		t.Error("more results than jobs")
	}
}

// A pool without jobs stops.
func TestIdle(t *testing.T) {
	p := startPool(3, 5)
	p.stop()
	if _, ok := <-p.results; ok {
		t.Error("a result without a job")
	}
}
