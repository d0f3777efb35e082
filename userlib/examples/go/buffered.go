// SPDX-License-Identifier: MIT

// A buffered channel of 2: two sends go through although nobody receives yet.
package main

import "fmt"

func main() {
	ch := make(chan int, 2)

	ch <- 1
	ch <- 2
	fmt.Printf("buffered: %d of %d\n", len(ch), cap(ch))

	fmt.Printf("received: %d\n", <-ch)
	fmt.Printf("received: %d\n", <-ch)
	fmt.Printf("buffered: %d of %d\n", len(ch), cap(ch))
}
