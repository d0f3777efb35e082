// SPDX-License-Identifier: MIT

// Two counters, A and B, count into one channel.  When both have done, the channel is
// closed, which ends the loop that reads it.
package main

import (
	"fmt"
	"sync"
)

type tick struct {
	name byte
	n    int
}

func count(name byte, ticks chan tick, counters *sync.WaitGroup) {
	for i := 1; i <= 5; i++ {
		ticks <- tick{name, i}
	}
	counters.Done()
}

func closeAfter(counters *sync.WaitGroup, ticks chan tick) {
	counters.Wait()
	close(ticks)
}

func main() {
	ticks := make(chan tick)
	var counters sync.WaitGroup

	counters.Add(2)
	go count('A', ticks, &counters)
	go count('B', ticks, &counters)
	go closeAfter(&counters, ticks)
	for tick := range ticks {
		fmt.Printf("%c: %d\n", tick.name, tick.n)
	}
}
