/** Images that `explain` looks at where no limit says otherwise. */
export const EXPLAINED = 100;
