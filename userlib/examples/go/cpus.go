// SPDX-License-Identifier: MIT

// The number of CPUs that this process may use, and of goroutines.
package main

import (
	"fmt"
	"runtime"
	"sync"
)

func waitForEnd(end chan struct{}, wg *sync.WaitGroup) {
	<-end
	wg.Done()
}

func main() {
	end := make(chan struct{})
	var wg sync.WaitGroup

	fmt.Printf("CPUs: %d\n", runtime.NumCPU())
	fmt.Printf("goroutines: %d\n", runtime.NumGoroutine())
	wg.Add(10)
	for i := 0; i < 10; i++ {
		go waitForEnd(end, &wg)
	}
	fmt.Printf("goroutines: %d\n", runtime.NumGoroutine())
	close(end)
	wg.Wait()
}
