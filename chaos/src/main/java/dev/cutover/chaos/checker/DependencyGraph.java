package dev.cutover.chaos.checker;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/**
 * A directed graph over numbers from 0, and its cycles: the strongly connected components of more than one node, by Tarjan's algorithm ("Depth-first
 * search and linear graph algorithms", 1972), without recursion. Owned by one thread.
 */
final class DependencyGraph {
    private int[] from = new int[64];
    private int[] to = new int[64];
    private int edges;
    private int nodes;

    int node() {
        return nodes++;
    }

    void edge(int before, int after) {
        if (before == after) {
            return;
        }
        if (edges == from.length) {
            from = Arrays.copyOf(from, 2 * edges);
            to = Arrays.copyOf(to, 2 * edges);
        }
        from[edges] = before;
        to[edges++] = after;
    }

    /** Components of more than one node, none of which can be put into an order. */
    List<List<Integer>> knots() {
        int[] first = new int[nodes + 1];
        for (int i = 0; i < edges; i++) {
            first[from[i] + 1]++;
        }
        for (int i = 0; i < nodes; i++) {
            first[i + 1] += first[i];
        }
        int[] next = Arrays.copyOf(first, nodes);
        int[] targets = new int[edges];
        for (int i = 0; i < edges; i++) {
            targets[next[from[i]]++] = to[i];
        }
        return new Search(first, targets).run();
    }

    /** Tarjan's numbers and stacks. */
    private final class Search {
        private final int[] first;
        private final int[] targets;
        private final int[] cursor;
        private final int[] index = new int[nodes];
        private final int[] low = new int[nodes];
        private final boolean[] open = new boolean[nodes];
        private final Deque<Integer> path = new ArrayDeque<>();
        private final Deque<Integer> members = new ArrayDeque<>();
        private final List<List<Integer>> found = new ArrayList<>();
        private int visited;

        Search(int[] first, int[] targets) {
            this.first = first;
            this.targets = targets;
            this.cursor = Arrays.copyOf(first, nodes);
        }

        List<List<Integer>> run() {
            for (int root = 0; root < nodes; root++) {
                if (index[root] == 0) {
                    enter(root);
                    while (!path.isEmpty()) {
                        step(path.peek());
                    }
                }
            }
            return found;
        }

        private void enter(int node) {
            index[node] = ++visited;
            low[node] = visited;
            open[node] = true;
            members.push(node);
            path.push(node);
        }

        private void step(int node) {
            if (cursor[node] < first[node + 1]) {
                int target = targets[cursor[node]++];
                if (index[target] == 0) {
                    enter(target);
                } else if (open[target]) {
                    low[node] = Math.min(low[node], index[target]);
                }
                return;
            }
            path.pop();
            if (!path.isEmpty()) {
                low[path.peek()] = Math.min(low[path.peek()], low[node]);
            }
            if (low[node] == index[node]) {
                List<Integer> component = new ArrayList<>();
                int member;
                do {
                    member = members.pop();
                    open[member] = false;
                    component.add(member);
                } while (member != node);
                if (component.size() > 1) {
                    found.add(component);
                }
            }
        }
    }
}
