// SPDX-License-Identifier: MIT

// Two loops that greet, one every 100 ms and one every 150 ms, at the same time.
package main

import (
	"fmt"
	"sync"
	"time"
)

func greet(name string, pause time.Duration, wg *sync.WaitGroup) {
	for i := 1; i <= 3; i++ {
		time.Sleep(pause)
		fmt.Printf("Hello %d from %s\n", i, name)
	}
	wg.Done()
}

func main() {
	var wg sync.WaitGroup

	wg.Add(2)
	go greet("Alice", 100*time.Millisecond, &wg)
	go greet("Bob", 150*time.Millisecond, &wg)
	wg.Wait()
}
