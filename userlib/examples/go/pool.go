// SPDX-License-Identifier: MIT

// A worker pool at work: 3 workers, a queue of 5, 9 jobs.
//
// Jobs go in through a queue, each worker takes the next one as soon as it is free, and
// the doubled numbers come out.  Closing the queue stops it: the workers finish what is
// queued, and when the last has done, the results end.
package main

import (
	"fmt"
	"sync"
)

type pool struct {
	jobs    chan int
	results chan int
	workers sync.WaitGroup
}

func (p *pool) work() {
	for job := range p.jobs {
		p.results <- job * 2
	}
	p.workers.Done()
}

func startPool(workers, queue int) *pool {
	p := &pool{jobs: make(chan int, queue), results: make(chan int, queue)}
	p.workers.Add(workers)
	for i := 0; i < workers; i++ {
		go p.work()
	}
	return p
}

// Waits while the queue is full.
func (p *pool) submit(job int) {
	p.jobs <- job
}

// Somebody must go on taking the results meanwhile.
func (p *pool) stop() {
	close(p.jobs)
	p.workers.Wait()
	close(p.results)
}

func submitAll(p *pool) {
	for job := 1; job <= 9; job++ {
		p.submit(job)
	}
	p.stop()
}

func main() {
	p := startPool(3, 5)
	go submitAll(p)
	for result := range p.results {
		fmt.Println("result:", result)
	}
}
